"""The table of an ablation, against numbers worked out by hand."""

from __future__ import annotations

from kd_training.ablate_table import markdown


def _record(variant: str, seed: int, verdicts: str) -> dict[str, object]:
    return {"variant": variant, "seed": seed, "verdicts": verdicts}


def test_means_are_over_seeds_and_differences_over_the_same_questions() -> None:
    records = [
        _record("whole", 0, "1111100000"), _record("whole", 1, "1111110000"),
        _record("less", 0, "1110000000"), _record("less", 1, "1111000000"),
    ]  # fmt: skip
    head, _, whole, less = markdown(records, "whole").splitlines()
    assert head == "| variant | accuracy (95 % interval) | by seed | against the first, in points |"
    assert whole.startswith("| whole | 55.0 % (") and whole.endswith(" | 50.0, 60.0 |  |")
    assert "| less | 35.0 % (" in less and " | 30.0, 40.0 | -20.0 (" in less


def test_a_difference_on_every_question_alike_is_certain() -> None:
    records = [_record("whole", 0, "1111"), _record("none", 0, "0000")]
    assert markdown(records, "whole").splitlines()[-1].endswith("| -100.0 (-100.0 to -100.0) |")


def test_without_the_first_there_is_nothing_to_compare_with() -> None:
    assert markdown([_record("less", 0, "10")], "whole").splitlines()[-1].endswith("|  |")
