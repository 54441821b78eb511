"""What a synthesis held out, in two halves: what calibrates does not measure, and neither does what people taught."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.database import connect
from bot.glossary import Glossary
from bot.shorthand import REFUSAL
from kd_training.calibration import part_of, sample_pairs, shape
from kd_training.night.collect import collect
from kd_training.night.judge import held_out
from kd_training.night.report import NightReport, to_text
from kd_training.nightly import Night
from kd_training.questions import Ground
from kd_training.recipe import Run
from kd_training.recipe_file import load_recipe
from tests.night_town import SPREAD, Town
from tests.test_night_parts import admitted
from tests.tiny_student import CITIES, TODAY, Tiny
from tests.versions import version

KINDS = ("phrasings", "templates")
COLUMNS = ("id", "shop_id", "sold_on", "item", "amount")


@pytest.fixture(scope="module")
def ground(tiny: Tiny) -> Iterator[Ground]:
    database = connect(f"sqlite:///{tiny.database}")
    yield Ground.of(database, Glossary(), TODAY)
    database.close()


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A synthesis that held out forty templates, some of them with slots, and ten refusals."""
    lines = [(f"number of {c} in {city}, {way}", f"SELECT {way}(sales.{c}) FROM sales WHERE shops.city = :v0")
             for c in COLUMNS for way in ("COUNT", "MIN", "MAX", "SUM") for city in CITIES]  # fmt: skip
    lines += [(f"{way} of {c} please", f"SELECT {way}(sales.{c}) FROM sales")
              for c in COLUMNS for way in ("COUNT", "MIN", "MAX", "SUM")]  # fmt: skip
    lines += [(f"who won match {n}?", REFUSAL) for n in range(10)]
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name in ("phrasings", "valid"):
        text = "".join(json.dumps({"question": f"{q} {name}", "target": t}) + "\n" for q, t in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / "synthesis.json").write_text("{}")
    return folder


def test_what_calibrates_does_not_measure(pairs: Path) -> None:
    every = sample_pairs(pairs, 1000)
    fitted, measured = (sample_pairs(pairs, 1000, part=part) for part in ("calibrate", "measure"))
    for kind in KINDS:
        assert sorted(every[kind]) == sorted(fitted[kind] + measured[kind])
        for half in (fitted, measured):
            assert len(half[kind]) > len(every[kind]) / 4

    def shapes(half: dict[str, list[tuple[str, str]]]) -> set[str]:
        return {shape(*line) for kind in KINDS for line in half[kind]}

    assert not shapes(fitted) & shapes(measured)


def test_a_template_is_in_one_half_whatever_its_slots_are_called() -> None:
    one, other = ("SELECT COUNT(*) FROM sales WHERE sales.sold_on = :d0 AND shops.city = :v11", "… :v0 … :n1")
    assert shape("a", one) == shape("b", re.sub(r":d0", ":v3", one)) != shape("a", other)
    assert part_of("a", one) == part_of("b", re.sub(r":v11", ":n2", one))
    assert shape("Who won?", REFUSAL) == shape("who won", REFUSAL) != shape("who lost?", REFUSAL)


def test_a_student_is_calibrated_on_its_half(tiny: Tiny, ground: Ground, pairs: Path, tmp_path: Path) -> None:
    town = Town.built(tiny, tmp_path / "town")
    recipe = load_recipe(town.folder / "recipe.toml")
    recipe = recipe.model_copy(update={"student": recipe.student.model_copy(update={"calibrated_on": 400})})
    run = Run(recipe, town.folder, ground.database, f"sqlite:///{tiny.database}", None, TODAY, work=tmp_path)
    (run.directory / "night").mkdir(parents=True)
    pairs.rename(run.directory / "night" / "pairs")

    def fitted(name: str, part: str | None) -> int:
        student = version(tiny, tmp_path, name)
        run.calibrate(student, part)  # type: ignore[arg-type]
        return int(json.loads((student / "calibration.json").read_text("utf-8"))["fitted"]["questions"])

    assert fitted("half", "calibrate") < fitted("whole", None)
    assert Night(town.settings(), TODAY).calibrates is None  # people's own questions measure it
    assert Night(town.settings(nightly_examples=None), TODAY).calibrates == "calibrate"


def test_what_people_taught_is_not_measured(ground: Ground, pairs: Path) -> None:
    nothing = collect([], ground)
    drawn, left_out = held_out(pairs, 1000, nothing, ground)
    assert left_out == 0 and {example.kind for example in drawn} == {"answerable", "unanswerable"}
    measured = [line for lines in sample_pairs(pairs, 1000, part="measure").values() for line in lines]
    assert {example.question for example in drawn} == {question for question, _ in measured}

    in_city = next(t for _, t in measured if ":v0" in t)
    sql = f"{in_city.removesuffix(':v0')}'Nordport'".replace(" WHERE", " JOIN shops ON sales.shop_id = shops.id WHERE")
    refused = next(q for q, t in measured if t == REFUSAL)
    plain = next(q for q, t in measured if t != REFUSAL and ":v0" not in t)
    people = [
        admitted("whatever people call it in Nordport", sql, TODAY),  # the SQL of it, for other words
        admitted(refused.upper(), SPREAD, TODAY),  # the question, with other SQL
        admitted(plain, "SELECT COUNT(*) + 17 FROM sales", TODAY),  # the question, with what cannot be said
    ]
    found = collect(people, ground)
    assert (len(found.pairs), len(found.unsaid)) == (2, 1)
    kept, left_out = held_out(pairs, 1000, found, ground)
    gone = {q for q, t in measured if t == in_city or q in (refused, plain)}
    assert {example.question for example in drawn} - {example.question for example in kept} == gone
    assert left_out == len(gone) > 3

    assert "Not measured" not in to_text(NightReport("2026-11-22", "kept"))
    said = to_text(NightReport("2026-11-22", "kept", left_out=left_out))
    assert f"Not measured: {left_out} held-out questions" in said

    few, _ = held_out(pairs, 10, nothing, ground)  # others take the place of what is left out
    assert len(held_out(pairs, 10, found, ground)[0]) == len(few) == 20
