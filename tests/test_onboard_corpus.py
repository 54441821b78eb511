"""A database that nobody has worded becomes a corpus: what its columns are, what they are called, what may be asked."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.database import Database, connect
from bot.glossary import Glossary, Metric
from kd_training.onboard.corpus import write_corpus
from kd_training.onboard.facts import TableFacts, facts_of, unspeakable
from kd_training.onboard.said import Said, full
from kd_training.onboard.wordings import filled
from kd_training.synthesize.compose import Composer, read_parts
from kd_training.synthesize.draft import read_lines
from kd_training.synthesize.job import Job, synthesize
from tests.clinic import TODAY, build_clinic


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = connect(str(build_clinic(tmp_path_factory.mktemp("clinic") / "clinic.db")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def facts(database: Database) -> dict[str, TableFacts]:
    return facts_of(database, database.schema())


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("Doctors.doctor_id", "key"),
        ("Doctors.doctor_name", "label"),
        ("Doctors.specialty", "text"),  # four doctors, three specialties: too few rows to tell
        ("Doctors.yearly_salary", "amount"),
        ("Doctors.hired", "date"),
        ("patients.id", "key"),
        ("patients.first_name", "label"),
        ("patients.last_name", "label"),
        ("patients.city", "choice"),
        ("patients.birth_year", "year"),
        ("patients.is_insured", "flag"),
        ("patients.email", "text"),
        ("patient_visits.patient_id", "reference"),
        ("patient_visits.doctorID", "reference"),
        ("patient_visits.visit_date", "date"),
        ("patient_visits.fee", "amount"),
        ("patient_visits.reason_code", "choice"),
        ("patient_visits.rating", "level"),
        ("rooms.beds", "amount"),
    ],
)
def test_what_a_column_is(facts: dict[str, TableFacts], column: str, role: str) -> None:
    table = column.partition(".")[0]
    assert {fact.name: fact.role for fact in facts[table].columns}[column] == role


def test_the_extent_of_numbers_and_the_holes_are_known(facts: dict[str, TableFacts]) -> None:
    visits = {fact.column.name: fact for fact in facts["patient_visits"].columns}
    assert 20 <= visits["fee"].low < visits["fee"].middle < visits["fee"].high <= 400
    patients = {fact.column.name: fact for fact in facts["patients"].columns}
    assert patients["email"].holes and not patients["city"].holes


def test_names_that_cannot_be_said_are_left_out(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "odd.db") as connection:
        connection.executescript("""
            CREATE TABLE "order" (id INTEGER PRIMARY KEY, total REAL);
            CREATE TABLE "two words" (id INTEGER PRIMARY KEY);
            CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT, "group" TEXT, "unit price" REAL);
        """)
    connection.close()
    database = connect(str(tmp_path / "odd.db"))
    schema = database.schema()
    assert unspeakable(schema) == {"two words", "plain.unit price"}
    found = facts_of(database, schema)
    named = {fact.name for table in found.values() for fact in table.columns}
    assert named == {"order.id", "order.total", "plain.id", "plain.name", "plain.group"}
    database.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("emp_sal_pct", "employee salary percent"),
        ("doctorID", "doctor ID"),
        ("max_temp", "maximum temperature"),
        ("Customer_Orders", "customer orders"),
        ("qty", "quantity"),
    ],
)
def test_short_names_are_read_in_full(name: str, words: str) -> None:
    assert full(name) == words


def test_names_are_said_in_several_ways(database: Database) -> None:
    schema = database.schema()
    said = Said(schema, Glossary(synonyms={"patients": ("case",), "patient_visits.fee": ("charge",)}))
    assert "case" in said.table("patients").ones and "cases" in said.table("patients").many
    assert said.table("patient_visits").ones == ("patient visit", "visit")
    assert said.column("Doctors.doctor_name").ones[:2] == ("name", "doctor name")
    assert "reason" in said.column("patient_visits.reason_code").ones
    assert "charge" in said.column("patient_visits.fee").ones
    assert said.column("patients.first_name").ones == ("first name",)


def test_a_wording_is_said_with_every_name(database: Database) -> None:
    said = Said(database.schema(), Glossary())
    made = filled(["{ts} by {c}"], said.table("patient_visits"), said.column("patient_visits.reason_code"))
    assert made[0] == "patient visits by reason code" and "patient visits by reason" in made


def test_everything_in_the_corpus_can_be_said_and_runs(database: Database, tmp_path: Path) -> None:
    schema, glossary = database.schema(), Glossary()
    sizes = write_corpus(schema, glossary, facts_of(database, schema), tmp_path / "corpus")
    assert all(sizes.values())
    job = Job(database.url, None, tmp_path / "corpus", TODAY, repeats=1, composed=1_200, seed=2, parts=1)
    made = synthesize(job, tmp_path / "pairs", 0.05)
    report = json.loads((tmp_path / "pairs" / "synthesis.json").read_text("utf-8"))
    unsaid = {"cannot be shortened", "cannot be expanded", "rejected by the guard", "does not run"}
    assert not unsaid & report["dropped"].keys(), report["examples"]
    assert made["train"] > 2_000 and sum(report["dropped"].values()) < made["train"] / 20
    lines = [json.loads(line) for line in (tmp_path / "pairs" / "train.jsonl").read_text("utf-8").splitlines()]
    by_question = {line["question"].lower(): line["target"] for line in lines}
    targets = set(by_question.values())
    assert {"SELECT COUNT(*) FROM patient_visits", "SELECT AVG(patient_visits.fee) FROM patient_visits"} <= targets
    assert any("JOIN" not in t and "Doctors.doctor_name = :v0" in t and "patient_visits" in t for t in targets)
    assert any("patients.first_name = :v0 AND patients.last_name = :v1" in t for t in targets)


def test_every_part_is_drawn_from(database: Database, tmp_path: Path) -> None:
    schema = database.schema()
    write_corpus(schema, Glossary(), facts_of(database, schema), tmp_path)
    composer = Composer(read_parts(tmp_path / "compose"), schema)
    rng = random.Random(1)
    families = {draft.family for _ in range(4_000) for draft in composer.draw(rng)}
    shapes = {family.partition("/")[0] for family in families}
    assert {"total", "by_dimension", "list_filtered", "list_with_column", "two_measures", "none", "top_n"} <= shapes
    assert len(shapes) > 100


def test_the_glossary_gives_measures(database: Database, tmp_path: Path) -> None:
    income = Metric("income", "SUM(patient_visits.fee)", "", "patient_visits", "patient_visits.visit_date",
                    ("earnings", "takings"), "")  # fmt: skip
    schema = database.schema()
    write_corpus(schema, Glossary(metrics=(income,)), facts_of(database, schema), tmp_path)
    first = json.loads((tmp_path / "compose" / "measures.jsonl").read_text("utf-8").splitlines()[0])
    assert first["expr"] == "income" and "takings" in first["phrases"] and "additive" in first["tags"]


def test_a_corpus_that_somebody_worked_on_is_kept(database: Database, tmp_path: Path) -> None:
    schema = database.schema()
    facts = facts_of(database, schema)
    write_corpus(schema, Glossary(), facts, tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"sql": "SELECT 1", "phrasings": ["one"]}\n', encoding="utf-8")
    (tmp_path / "refusals.jsonl").unlink()
    write_corpus(schema, Glossary(), facts, tmp_path)
    assert len((tmp_path / "rows.jsonl").read_text("utf-8").splitlines()) == 1
    assert (tmp_path / "refusals.jsonl").stat().st_size > 1_000


def test_a_corpus_that_nobody_touched_learns_the_new_words(database: Database, tmp_path: Path) -> None:
    schema = database.schema()
    facts = facts_of(database, schema)
    write_corpus(schema, Glossary(), facts, tmp_path)
    write_corpus(schema, Glossary(synonyms={"patients": ("inmate",)}), facts, tmp_path)
    assert "inmates" in (tmp_path / "rows.jsonl").read_text("utf-8")


ODD = """
CREATE TABLE staff (id INTEGER PRIMARY KEY, LastName TEXT, FirstName TEXT, Title TEXT, born DATE, boss_id INTEGER);
CREATE TABLE airports (iata TEXT PRIMARY KEY, name TEXT, city TEXT, is_open INTEGER);
CREATE TABLE hotels (hotel_id INTEGER PRIMARY KEY, name TEXT, city TEXT, is_open INTEGER, rank INTEGER);
CREATE TABLE flights (
    flight_no INTEGER, origin TEXT REFERENCES airports (iata), target TEXT REFERENCES airports (iata), pet_name TEXT,
    seats INTEGER, leaves DATE, updated_at DATE
);
CREATE TABLE empty_shelf (id INTEGER PRIMARY KEY, name TEXT, first_name TEXT, count INTEGER);
CREATE TABLE guests (id INTEGER PRIMARY KEY, first_name TEXT, hotel INTEGER REFERENCES hotels (hotel_id), spent REAL);
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """What databases have: no keys, two keys to one table, an empty table, one name, missing values, a rank."""
    path = tmp_path_factory.mktemp("odd") / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(ODD)
        day = "2026-03-01"
        rows: dict[str, list[tuple[object, ...]]] = {
            "staff": [(i, f"L{i}", f"F{i}", "Clerk", None, None) for i in range(30)],
            "airports": [(f"A{i:02}", f"Port {i}", f"C{i % 4}", i % 2) for i in range(30)],
            "hotels": [(i, f"Inn {i}", f"C{i % 4}", i % 2, i + 1) for i in range(30)],
            "flights": [(i, f"A{i % 9:02}", f"A{i % 7:02}", None, 90 + i, day, day) for i in range(30)],
            "guests": [(i, f"G{i}", i % 20, 10.0 * i if i % 3 else None) for i in range(30)],
        }
        for table, lines in rows.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(lines[0]))})", lines)
    connection.close()
    opened = connect(str(path))
    yield opened
    opened.close()


def test_an_odd_database_becomes_pairs_too(odd: Database, tmp_path: Path) -> None:
    schema = odd.schema()
    write_corpus(schema, Glossary(), facts_of(odd, schema), tmp_path / "corpus")
    job = Job(odd.url, None, tmp_path / "corpus", TODAY, repeats=1, composed=800, seed=2, parts=1)
    made = synthesize(job, tmp_path / "pairs", 0.05)
    report = json.loads((tmp_path / "pairs" / "synthesis.json").read_text("utf-8"))
    unsaid = {"cannot be shortened", "cannot be expanded", "rejected by the guard", "does not run"}
    assert not unsaid & report["dropped"].keys(), report["examples"]
    assert made["train"] > 1_000
    text = (tmp_path / "pairs" / "train.jsonl").read_text("utf-8")
    assert "ORDER BY guests.spent LIMIT" not in text, "what is missing would come first"
    assert "ORDER BY hotels.rank" not in text, "the first place is the best"


def test_what_an_odd_database_calls_its_rows(odd: Database) -> None:
    facts = facts_of(odd, odd.schema())
    assert [fact.column.name for fact in facts["staff"].label] == ["FirstName", "LastName"]
    assert facts["airports"].key == "airports.iata"
    assert facts["staff"].dated is None, "born last month is not what last month means"
    assert facts["flights"].dated == "flights.leaves"
    assert {fact.name: fact.role for fact in facts["empty_shelf"].columns}["empty_shelf.count"] == "amount"


def test_a_name_that_several_columns_have_is_said_with_its_table(odd: Database, tmp_path: Path) -> None:
    schema = odd.schema()
    assert not Said(schema, Glossary()).alone("hotels.city") and Said(schema, Glossary()).alone("flights.seats")
    write_corpus(schema, Glossary(), facts_of(odd, schema), tmp_path)
    files = [tmp_path / "compose" / f"{name}.jsonl" for name in ("dimensions", "filters")]
    parts: dict[str, Any] = {str(item["name"]): item for path in files for item in read_lines(path)}
    city, place, truth = parts["hotels.city"], parts["is_place hotels.city"], parts["yes hotels.is_open"]
    assert "city" not in city["phrases"] and "hotel city" in city["phrases"]
    assert "in {v}" in place["after_rows"] and "in {v}" not in place["after"]
    assert truth["before"] == [] and "open" in truth["before_rows"]
