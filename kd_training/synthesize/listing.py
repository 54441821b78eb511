"""Lists of values in a filter ("Germany, France and Spain"), joined in the many ways that people join them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_EITHER = {
    2: ("{0} or {1}", "{0} or {1}", "either {0} or {1}"),
    3: (
        "{0}, {1} or {2}",
        "{0}, {1} or {2}",
        "{0}, {1}, or {2}",
        "{0} or {1} or {2}",
        "either {0}, {1} or {2}",
        "any of {0}, {1}, {2}",
    ),
}
_ALL = {
    2: ("{0} and {1}", "{0} and {1}", "{0} & {1}", "{0} + {1}", "{0} plus {1}", "{0} / {1}", "{0}/{1}", "{0}, {1}"),
    3: (
        "{0}, {1} and {2}",
        "{0}, {1} and {2}",
        "{0}, {1}, and {2}",
        "{0}, {1}, {2}",
        "{0} / {1} / {2}",
        "{0}/{1}/{2}",
        "{0} + {1} + {2}",
        "{0} & {1} & {2}",
        "{0}, {1} & {2}",
        "{0}, {1} plus {2}",
        "{0} and {1} and {2}",
    ),
}


def lists_of(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A filter with a list becomes one filter for each length; any other stays as it is."""
    if "list" not in item:
        yield item
        return
    sizes = item.get("sizes", [2, 3])
    for size in sizes:
        names = [f"{item['slot']}{i}" for i in range(1, size + 1)]
        operator = "NOT IN" if item.get("not") else "IN"
        yield {
            **item,
            "name": f"{item['name']}_{size}",
            "weight": float(item.get("weight", 1)) / len(sizes),
            "where": f"{item['list']} {operator} ({', '.join(':' + n for n in names)})",
            "slots": dict.fromkeys(names, item["list"]),
        }


def every(names: Sequence[str], rng: random.Random) -> str:
    """Two or three names joined by "and", or what people write instead."""
    return rng.choice(_ALL[len(names)]).format(*names)


def listed(item: Mapping[str, Any], words: str, grouped: bool, rng: random.Random) -> str:
    """Words with the holes `{any}` and `{all}` filled. Only where something else makes the groups may "A, B and C"
    stand for the three together without saying so: else it could as well ask for three numbers."""
    if "list" not in item:
        return words
    names = ["{" + n + "}" for n in item["slots"]]
    together = every(names, rng)
    either = together if grouped and rng.random() < 0.6 else rng.choice(_EITHER[len(names)]).format(*names)
    return words.replace("{any}", either).replace("{all}", together)
