"""The index of stored values: what goes in, what is derived, and how it is kept on disk."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.database import Database, connect
from bot.glossary import ValueAlias
from bot.linking import ValueIndex, build_index, cached_index, link
from bot.spelling import Spelling
from bot.surfaces import cut, fold, key_of, stem

TODAY = date(2025, 6, 18)

SCRIPT = """
CREATE TABLE people (
 id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT, city TEXT, notes TEXT);
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT, code TEXT, founded TEXT, country TEXT);
INSERT INTO people (first_name, last_name, email, city, notes) VALUES
 ('April', 'Davis', 'april@example.com', 'Reading',
  'Long notes about everything that was said on the phone at dawn'),
 ('Will', 'Stone', 'will@example.com', 'Nice',
  'Long notes about everything that was said on the phone at dusk'),
 ('Grace', 'Kim', 'grace@example.com', 'Oslo',
  'Long notes about nothing that anybody has ever said at all');
INSERT INTO firms (name, code, founded, country) VALUES
 ('Acme Corp', 'AC-1', '2001-02-03', 'United States'), ('Acme Tools', 'AC-2', '2002-03-04', 'United Kingdom'),
 ('Zephyr Mills', 'ZM-9', '2003-04-05', 'South Korea'),
 ('2024 Edition Press', 'EP-7', '2004-05-06', 'United States'),
 ('Café São Bento', 'CS-3', '2005-06-07', 'Italy'), ('Wendy''s Diner', 'WD-4', '2006-07-08', 'Italy');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "firms.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCRIPT)
        rows = [(f"Person{chr(97 + i)}", f"Surname{chr(97 + i)}", f"Town{chr(97 + i)}") for i in range(20)]
        connection.executemany("INSERT INTO people (first_name, last_name, city) VALUES (?, ?, ?)", rows)
        connection.commit()
    return file


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = connect(str(path))
    yield opened
    opened.close()


def slots(question: str, index: ValueIndex) -> list[tuple[str, object]]:
    return [(slot.text, slot.value) for slot in link(question, index, TODAY).slots if slot.kind == "value"]


def test_columns_of_names_only(database: Database) -> None:
    index = build_index(database, database.schema())
    assert set(index.sizes) == {
        "people.first_name", "people.last_name", "people.city", "firms.name", "firms.code", "firms.country"
    }  # fmt: skip
    assert index.values["United States"] == ("firms.country",)
    assert index.sizes["firms.country"] == 4
    assert index.email_columns == ("people.email",)
    found = link("who is April@Example.com?", index, TODAY).slots
    assert [(slot.text, slot.value, slot.columns) for slot in found] == [
        ("April@Example.com", "april@example.com", ("people.email",))
    ]


def test_a_column_with_too_many_values_is_left_out(database: Database) -> None:
    index = build_index(database, database.schema(), max_per_column=10)
    assert "people.city" not in index.sizes
    assert "firms.name" in index.sizes


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("zephyr", [("zephyr", "Zephyr Mills")]),
        ("acme", []),  # two firms have it
        ("acme tools and acme corp", [("acme tools", "Acme Tools"), ("acme corp", "Acme Corp")]),
        ("firm zm-9", [("zm-9", "ZM-9")]),
        ("wendy's diner", [("wendy's diner", "Wendy's Diner")]),
        ("cafe sao bento", [("cafe sao bento", "Café São Bento")]),
        ("firms in the UK", [("UK", "United Kingdom")]),
        ("firms in south korea", [("south korea", "South Korea")]),
        ("2024 edition press", [("2024 edition press", "2024 Edition Press")]),
        ("people in Reading", [("Reading", "Reading")]),
        ("people reading books", []),
        ("is it nice", []),
        ("what about Nice?", [("Nice", "Nice")]),
        ("will we see", []),
        ("Will we see", []),
        ("will stone", [("will", "Will"), ("stone", "Stone")]),
        ("ask Grace", [("Grace", "Grace")]),
        ("in a state of grace", []),
        ("April Davis", [("April", "April"), ("Davis", "Davis")]),
        ("orders in april", []),
        ("Zephyr Smithers", []),  # another Zephyr
    ],
)
def test_ways_of_writing(question: str, expected: list[tuple[str, object]], database: Database) -> None:
    assert slots(question, build_index(database, database.schema())) == expected


def test_aliases_of_stored_values(database: Database) -> None:
    aliases = [
        ValueAlias("United States", ("firms.country",), ("US", "the States", "American", "Yankee Land")),
        ValueAlias("Atlantis", ("firms.country",), ("sunken",)),
        ValueAlias("Oslo", ("firms.country",), ("tigerstaden",)),
    ]
    index = build_index(database, database.schema(), aliases)
    assert slots("american firms in the States", index) == [
        ("american", "United States"),
        ("the States", "United States"),
    ]
    assert slots("Americans in the US and us", index) == [
        ("Americans", "United States"),
        ("US", "United States"),
    ]
    assert slots("yankee lnad", index) == [("yankee lnad", "United States")]
    assert slots("the state of sunken tigerstaden", index) == []  # no such value, no such column


def test_json_round_trip(database: Database) -> None:
    index = build_index(database, database.schema(), [ValueAlias("Oslo", ("people.city",), ("tigerstaden",))])
    again = ValueIndex.from_json(json.loads(json.dumps(index.to_json())))
    assert again == index
    assert again.entries == index.entries
    assert slots("tigerstaden", again) == [("tigerstaden", "Oslo")]
    with pytest.raises(ValueError, match="format"):
        ValueIndex.from_json({**index.to_json(), "format": -1})


def test_cache_is_used_until_something_changes(path: Path, tmp_path: Path) -> None:
    directory = tmp_path / "cache"

    @dataclass
    class Counting:
        """The database, with its reads of texts counted."""

        opened: Database
        reads: int = 0

        @property
        def url(self) -> str:
            return self.opened.url

        def distinct_texts(self, table: str, column: str, limit: int) -> list[str] | None:
            self.reads += 1
            return self.opened.distinct_texts(table, column, limit)

    def load(names: tuple[str, ...] = ()) -> tuple[ValueIndex, int]:
        opened = connect(str(path))
        counting = Counting(opened)
        index = cached_index(counting, opened.schema(), [ValueAlias("Oslo", (), names)], directory)
        opened.close()
        return index, counting.reads

    first, reads = load()
    assert reads > 0
    assert load() == (first, 0)
    assert load(("tigerstaden",))[1] > 0  # another glossary
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE firms SET country = 'Norway' WHERE country = 'Italy'")
        connection.commit()
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 10**9))
    changed, reads = load(("tigerstaden",))
    assert reads > 0
    assert "Norway" in changed.values
    kept = next(directory.glob("values-*.json"))
    for spoilt in ("", "{", "[]", "{}", '{"format": 1}', kept.read_text()[:-20]):
        kept.write_text(spoilt)
        assert load(("tigerstaden",))[0] == changed
    assert list(directory.iterdir()) == [kept]


def test_a_cache_that_cannot_be_written_does_no_harm(database: Database, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert cached_index(database, database.schema(), [], blocked / "cache").values


@pytest.mark.parametrize(
    ("word", "known"),
    [
        *((slip, "globex") for slip in ("glbex", "gloebx", "gglobex", "lgobex", "globec")),
        *((slip, "maschinenbau") for slip in ("maschinenbua", "mschinenba")),
        *((other, None) for other in ("glbx", "osl", "globus", "12345", "x" * 500)),
    ],
)
def test_spelling(word: str, known: str | None) -> None:
    near = Spelling(["globex", "maschinenbau", "oslo", "12346"]).near(word)
    assert [found for found, _ in near] == ([known] if known else [])


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *(
            ("desks", "desk"),
            ("boxes", "box"),
            ("batteries", "battery"),
            ("dishes", "dish"),
            ("houses", "house"),
        ),
        *(
            ("glasses", "glass"),
            ("glass", "glass"),
            ("bus", "bus"),
            ("paris", "paris"),
            ("us", "us"),
            ("ties", "tie"),
        ),
    ],
)
def test_stem(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_folding_and_cutting() -> None:
    assert fold("São Straße CAFÉ") == "sao strasse cafe"
    assert key_of("Maple & Co's Desks") == "maple co desk"
    text = "Wendy’s 27-inch monitors"
    assert [text[word.start : word.end] for word in cut(text)] == ["Wendy", "27", "inch", "monitors"]


def test_twenty_thousand_values_stay_fast() -> None:
    parts = ["ka", "lo", "mi", "ren", "tor", "vel", "sha", "dun", "pri", "gas", "bor", "nel", "qui", "sto"]
    names = [a + b + c for a in parts for b in parts for c in parts]
    values: dict[str, tuple[str, ...]] = {
        f"{name.capitalize()} {second.capitalize()}": ("firms.name",)
        for name in names
        for second in names[::400]
    }
    values |= {"Germany": ("firms.country",)}
    index = ValueIndex("f", "s", {"firms.name": len(values), "firms.country": 1}, values)
    question = "orders of kalomi kaloka and miretor borneell in germany last month"
    link(question, index, TODAY)
    times = []
    for _ in range(30):
        begin = time.perf_counter()
        link(question, index, TODAY)
        times.append(time.perf_counter() - begin)
    assert sorted(times)[15] < 0.003
