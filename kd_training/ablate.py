"""`python -m kd_training.ablate --config R.toml --budget-steps N --seeds 3`: what each part of the training is worth.

Every variant trains so many steps with each seed, over the same pairs, labels and states, and is measured by execution
accuracy on questions whose SQL template was never trained on; what only serving has (grammar, beam, execution guidance,
slots) is switched off on the first variant's students. Each measurement is kept, so that a run that was stopped goes
on, and the same command in a second process takes what the first has not begun. The table is printed as Markdown, with
95 % intervals over the questions (of an accuracy: Wilson 1927; of a difference to the first variant on the same
questions: bootstrap percentiles, Efron 1979) and the spread over seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.config import load_settings
from demo.opening import with_demo
from kd_training.ablate_serving import SWITCHES, measured
from kd_training.ablate_table import digits, markdown
from kd_training.distill import distill
from kd_training.distill_config import ConfigError
from kd_training.held_out import HeldOut
from kd_training.recipe import Run, opened
from kd_training.recipe_file import Recipe, Stage
from kd_training.said_faults import ended
from kd_training.shards import Shards
from kd_training.taking_turns import turn
from kd_training.teaching import Taught, teacher_of


@dataclass(frozen=True)
class Variant:
    """A way to train: what it changes of the first taught stage's settings, and whose labels it learns."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    labels: str = "teacher"


@dataclass(frozen=True)
class _Ground:
    """What all variants share."""

    run: Run
    stage: Stage
    taught: Taught
    pairs: Path
    held_out: HeldOut


LARGE = {"n_layer": 6, "n_head": 6, "n_embd": 384}  # 12 million parameters with 4,096 tokens
VARIANTS = (
    Variant("CE + 0.25 MSE", {"ce_weight": 0.75, "mse_weight": 0.25}),
    Variant("CE alone", {"ce_weight": 1.0, "mse_weight": 0.0}),
    Variant("CE + 0.1 MSE", {"ce_weight": 0.9, "mse_weight": 0.1}),
    Variant("CE + 0.5 MSE", {"ce_weight": 0.5, "mse_weight": 0.5}),
    Variant("gold labels, CE alone", {"ce_weight": 1.0, "mse_weight": 0.0}, "gold"),
    Variant("larger student", LARGE),
)


def ablate(run: Run, steps: int, seeds: int, variants: Sequence[Variant] = VARIANTS) -> Path:
    """Train and measure everything that is not measured yet; the folder that holds the measurements.

    Raises what `distill` raises.
    """
    run.note_day()
    out = run.directory / f"ablation-{steps}"
    stage = taught_stage(run.recipe)
    taught, pairs = run.taught()[stage.name], run.pairs(stage)
    words = json.loads((pairs / "words.json").read_text("utf-8"))
    ground = _Ground(run, stage, taught, pairs, run.held_out(pairs, words))
    todo = [(variant, seed) for seed in range(seeds) for variant in variants]
    busy = [job for job in todo if not _measured(ground, *job, steps, out, wait=False)]
    for job in busy:  # another process is at it, or died over it
        _measured(ground, *job, steps, out, wait=True)
    return out


def taught_stage(recipe: Recipe) -> Stage:
    """The stage whose training is compared: the first that a teacher teaches. Raises ConfigError."""
    if recipe.teacher is None:
        raise ConfigError("the recipe has no table [teacher]: there is nothing to compare with")
    return next(stage for stage in recipe.stage if stage.taught)  # a recipe with a teacher has one


def table(out: Path) -> str:
    """What was measured, as Markdown. Raises ConfigError where nothing was."""
    records: list[dict[str, Any]] = []
    for variant in VARIANTS:
        for folder in sorted(out.glob(f"{_folder(variant)}-*/measured")):
            with Shards(folder) as kept:
                records += kept.records.values()
    if not records:
        raise ConfigError(f"{out} holds no measurement")
    return f"{len(records[0]['verdicts'])} questions.\n\n{markdown(records, VARIANTS[0].name)}"


def _measured(ground: _Ground, variant: Variant, seed: int, steps: int, out: Path, wait: bool) -> bool:
    """Train and measure one student, if that is not done. False: another process is at it, and it was not to `wait`."""
    folder = out / f"{_folder(variant)}-{seed}"
    with turn(folder, wait) as mine:
        if not mine:
            return False
        with Shards(folder / "measured") as kept:
            switches = SWITCHES if variant is VARIANTS[0] else SWITCHES[:1]
            missing = [switch for switch in switches if switch.name not in kept]
            if missing:
                best = _trained(ground, variant, seed, steps, folder)
            for switch in missing:
                verdicts = measured(ground.held_out, best, switch)
                name = variant.name if switch.name == "as it serves" else f"{variant.name}, {switch.name}"
                kept.add({"key": switch.name, "variant": name, "seed": seed, "verdicts": digits(verdicts)})
                print(f"{name}, seed {seed}: {sum(verdicts)} of {len(verdicts)}", file=sys.stderr)
    return True


def _folder(variant: Variant) -> str:
    return "-".join(variant.name.replace(".", "").replace(",", "").split())


def _trained(ground: _Ground, variant: Variant, seed: int, steps: int, folder: Path) -> Path:
    """The student's checkpoint."""
    given = {"seed": seed, "max_steps": steps, "max_minutes": None, "epochs": 1_000_000, **variant.settings}
    if variant.settings.get("mse_weight") == 0.0:
        given["states"] = None
    gold, taught = ground.pairs / "train.jsonl", ground.taught
    paths = {"data": [taught.data if variant.labels == "teacher" else gold], "output": folder / "model"}
    tokenizer = ground.run.tokenizer()
    shared = {"tokenizer": tokenizer, "held_out": ground.pairs / "valid.jsonl", "states": taught.states}
    return distill(ground.run.config(ground.stage, {**shared, **given, **paths})).best


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kd_training.ablate", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--budget-steps", type=int, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    names = [variant.name for variant in VARIANTS]
    told = f"one of: {', '.join(names)}"
    parser.add_argument("--only", action="append", metavar="VARIANT", choices=names, help=told)
    options = parser.parse_args(arguments)

    def work() -> str:
        out = _ablated(options.config, options.budget_steps, options.seeds, options.only or names)
        return f"{options.budget_steps} steps a student.\n\n{table(out)}"

    return ended(work)


def _ablated(recipe: Path, steps: int, seeds: int, only: Sequence[str]) -> Path:
    settings = with_demo(load_settings())
    url = settings.database_url.get_secret_value()
    with opened(recipe, url, settings.glossary, settings.today, teacher_of(settings)) as run:
        return ablate(run, steps, seeds, [variant for variant in VARIANTS if variant.name in only])


if __name__ == "__main__":
    sys.exit(main())
