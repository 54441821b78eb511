"""The fit of confidences, on observations whose truth is known, and on a real student."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.confidence import Calibration
from bot.config import Settings
from bot.database import connect
from bot.manifest import read_manifest
from bot.opening import open_bot
from eval_harness.calibrate import CalibrationError, Observation, Seen, choose_threshold, fit
from kd_training import calibration
from tests.tiny_student import QUESTIONS, TODAY, Tiny

TRUE = Calibration({"a": 2.0, "b": -1.0}, 0.5)


def observations(n: int, seed: int = 0) -> list[Observation]:
    """Two candidates a question, right as often as TRUE says."""
    rng = random.Random(seed)
    made = []
    for i in range(n):
        candidates = []
        for _ in range(2):
            features = {"a": rng.gauss(0, 1), "b": rng.gauss(0, 1), "constant": 3.0}
            candidates.append(Seen(features, rng.random() < TRUE.probability(features)))
        made.append(Observation(f"group {i // 4}", tuple(candidates)))
    return made


def test_the_weights_that_made_the_data_are_found_again() -> None:
    found = fit(observations(4000), target=0.9).calibration
    assert found.weights["a"] == pytest.approx(2.0, abs=0.15)
    assert found.weights["b"] == pytest.approx(-1.0, abs=0.15)
    assert found.weights["constant"] == 0
    assert found.bias == pytest.approx(0.5, abs=0.15)


def test_no_feature_counts_against_sense() -> None:
    """Held-out pairs in which more unknown words happen to be better."""
    rng = random.Random(5)
    odd = []
    for i in range(300):
        features = {"log_probability": rng.gauss(0, 1), "unknown": rng.random()}
        odd.append(Observation(str(i), (Seen(features, rng.random() < features["unknown"]),)))
    found = fit(odd).calibration
    assert found.weights.get("unknown", 0) == 0 and (found.choice or {}).get("unknown", 0) == 0


def test_the_threshold_keeps_its_promise_on_new_questions() -> None:
    found = fit(observations(3000), target=0.9)
    threshold = found.calibration.threshold
    assert found.target_reached and threshold is not None
    answered = []
    for observation in observations(3000, seed=1):
        likely = [found.calibration.probability(c.features) for c in observation.candidates]
        if max(likely) >= threshold:
            answered.append(observation.candidates[likely.index(max(likely))].right)
    assert sum(answered) / len(answered) == pytest.approx(0.9, abs=0.02)
    assert len(answered) / 3000 == pytest.approx(found.coverage, abs=0.03)
    assert found.accuracy > found.first + 0.05  # the likeliest of two is better than the first of two


@pytest.mark.parametrize(
    "seen", [observations(20), [], [Observation("g", ()) for _ in range(100)]], ids=["few", "none", "empty"]
)
def test_too_little_is_said(seen: list[Observation]) -> None:
    with pytest.raises(CalibrationError, match="too few to calibrate on: 50 at least"):
        fit(seen)


def test_candidates_that_are_all_alike_are_said() -> None:
    alike = [Observation(str(i), (Seen({"a": 1.0}, True),)) for i in range(60)]
    with pytest.raises(CalibrationError, match="judged alike"):
        fit(alike)


def test_a_feature_that_tells_all_does_not_run_away() -> None:
    """Perfectly separable: without the ridge the weights would be infinite."""
    told = [Observation(str(i), (Seen({"a": float(i % 2)}, i % 2 == 1),)) for i in range(200)]
    found = fit(told)
    assert all(math.isfinite(w) for w in found.calibration.weights.values())
    assert found.accuracy == 0.5 and found.selective_accuracy == 1.0 and found.coverage == pytest.approx(0.5)


OUTCOMES = st.lists(
    st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans(), st.booleans()), min_size=1, max_size=60
)


@given(OUTCOMES, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_the_threshold_is_the_lowest_that_reaches_the_target(
    outcomes: list[tuple[float, bool, bool]], target: float
) -> None:
    threshold, reached, coverage, accuracy = choose_threshold(outcomes, target)

    def above(limit: float) -> list[bool]:
        return [ok for p, ok, refused in outcomes if not refused and p >= limit]

    kept = above(threshold)
    if reached:
        assert sum(kept) / len(kept) == accuracy >= target
        lower = [p for p, _, refused in outcomes if not refused and p < threshold]
        assert all(sum(above(p)) / len(above(p)) < target for p in set(lower))
    else:
        assert all(sum(above(p)) / len(above(p)) < target for p, _, refused in outcomes if not refused)
    assert 0 <= coverage <= 1


def test_refusals_are_no_answers() -> None:
    outcomes = [(0.9, True, False), (0.8, True, True), (0.7, False, True), (0.6, False, False)]
    assert choose_threshold(outcomes, 0.95) == (0.9, True, pytest.approx(1 / 3), 1.0)


def test_a_real_student_is_calibrated_and_serves(tiny: Tiny, tmp_path: Path) -> None:
    directory, pairs = tmp_path / "student", tmp_path / "pairs"
    directory.mkdir()
    for path in tiny.student.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())
    pairs.mkdir()
    wrong = {**QUESTIONS, "how many shops do we have?": "SELECT COUNT(*) FROM sales"}
    asked = [{"question": f"{'please ' * (i % 9)}{q}", "target": t}
             for i in range(40) for q, t in (wrong if i % 4 == 0 else QUESTIONS).items()]  # fmt: skip
    (pairs / "phrasings.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    arguments = ["--student", directory, "--db", tiny.database, "--glossary", tmp_path / "none.toml", "--pairs", pairs]
    (tmp_path / "none.toml").write_text("")
    command = [*map(str, arguments), "--today", str(TODAY), "--count", "300"]
    assert calibration.main(command) == 0
    kept = json.loads((directory / "calibration.json").read_text("utf-8"))
    assert kept["fitted"]["questions"] >= 50
    assert "calibration.json" in read_manifest(directory).files
    url = f"sqlite:///{tiny.database}"
    settings = Settings(database_url=url, student_dir=directory, state_dir=tmp_path, today=TODAY)
    bot = open_bot(settings)
    answer = bot.ask("how many sales are there?")
    linked = bot.link("how many sales are there?")
    _, judged = bot.consider(linked, bot.student.predict(linked, 4))
    assert answer.confidence == judged[0].probability
    assert (answer.status == "unsure") == (answer.confidence < kept["threshold"])
    bot.database.close()


def test_a_damaged_calibration_is_named(tiny: Tiny, tmp_path: Path) -> None:
    from bot.manifest import StudentError, write_manifest

    directory = tmp_path / "student"
    directory.mkdir()
    for path in tiny.student.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())
    (directory / "calibration.json").write_text('{"weights": {"a": "x"}}')
    manifest = read_manifest(directory)
    write_manifest(directory, manifest.version, manifest.fingerprint, manifest.origin)
    url = f"sqlite:///{tiny.database}"
    settings = Settings(database_url=url, student_dir=directory, state_dir=tmp_path, today=TODAY)
    database = connect(str(tiny.database))
    try:
        with pytest.raises(StudentError, match=r"calibration\.json is damaged"):
            open_bot(settings, database)
    finally:
        database.close()
