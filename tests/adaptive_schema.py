"""The Adaptive Card schema 1.5, as its makers published it, over cards as clients read them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft6Validator


@cache
def _validator() -> Draft6Validator:
    schema = json.loads((files("adaptive_cards") / "schemas" / "schema-1.5.json").read_text("utf-8"))
    schema.pop("id", None)  # an address that nothing has to be fetched from
    return Draft6Validator(schema)


@cache
def _known() -> frozenset[str]:
    definitions = _validator().schema["definitions"]
    return frozenset(t for d in definitions.values() for t in d.get("properties", {}).get("type", {}).get("enum", ()))


def faults(card: dict[str, Any]) -> list[str]:
    """What the schema has against a card. A part of a kind that it does not know is read as its fallback, which is
    what a client does; `msteams` is Teams' own and no client's business otherwise."""
    read = _as_read({key: value for key, value in card.items() if key != "msteams"})
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in _validator().iter_errors(read)]


def _as_read(part: Any) -> Any:
    if isinstance(part, list):
        return [_as_read(each) for each in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("type"), str) and part["type"] not in _known() and "fallback" in part:
        return _as_read(part["fallback"])
    return {key: _as_read(value) if key != "data" else value for key, value in part.items()}
