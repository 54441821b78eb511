"""`python -m kd_training.ablate --config R.toml --budget-steps N --seeds 3`: what each part of the training is worth.

Every variant trains so many steps with each seed, over the same pairs, labels and states, and is measured by execution
accuracy on questions whose SQL template was never trained on; what only serving has (grammar, beam, execution guidance,
slots) is switched off on the first variant's students. Each measurement is kept, so that a run that was stopped goes
on; the table is printed as Markdown, with 95 % intervals over the questions (of an accuracy: Wilson 1927; of a
difference to the first variant on the same questions: bootstrap percentiles, Efron 1979) and the spread over seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bot.config import load_settings
from demo.opening import with_demo
from kd_training.ablate_serving import SWITCHES, Switch, measured
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


LARGE = {"n_layer": 8, "n_head": 6, "n_embd": 360}  # about 12M parameters with 4,096 tokens
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
    out = run.directory / f"ablation-{steps}"
    stage = taught_stage(run.recipe)
    taught, pairs = run.taught()[stage.name], run.pairs(stage)
    words = json.loads((pairs / "words.json").read_text("utf-8"))
    ground = _Ground(run, stage, taught, pairs, run.held_out(pairs, words))
    with turn(out), Shards(out / "measured") as kept:
        for seed in range(seeds):
            for number, variant in enumerate(variants):
                switches = SWITCHES if number == 0 else SWITCHES[:1]
                missing = [s for s in switches if _key(variant, s, seed) not in kept]
                if missing:
                    _measure(ground, variant, seed, steps, out, missing, kept)
    return out


def taught_stage(recipe: Recipe) -> Stage:
    """The stage whose training is compared: the first that a teacher teaches. Raises ConfigError."""
    if recipe.teacher is None:
        raise ConfigError("the recipe has no table [teacher]: there is nothing to compare with")
    return next(stage for stage in recipe.stage if stage.taught)  # a recipe with a teacher has one


def table(out: Path) -> str:
    """What was measured, as Markdown."""
    with Shards(out / "measured") as kept:
        records = list(kept.records.values())
    return markdown(records, VARIANTS[0].name)


def _measure(
    ground: _Ground, variant: Variant, seed: int, steps: int, out: Path, switches: Sequence[Switch], kept: Shards
) -> None:
    folder = out / f"{'-'.join(variant.name.replace('.', '').split())}-{seed}"
    given = {"seed": seed, "max_steps": steps, "max_minutes": None, "epochs": 1_000_000, **variant.settings}
    if variant.settings.get("mse_weight") == 0.0:
        given["states"] = None
    gold, taught = ground.pairs / "train.jsonl", ground.taught
    paths = {"data": [taught.data if variant.labels == "teacher" else gold], "output": folder}
    tokenizer = ground.run.tokenizer()
    shared = {"tokenizer": tokenizer, "held_out": ground.pairs / "valid.jsonl", "states": taught.states}
    config = ground.run.config(ground.stage, {**shared, **given, **paths})
    report = distill(config)
    for switch in switches:
        verdicts = measured(ground.held_out, report.best, switch)
        name = variant.name if switch.name == "as it serves" else f"{variant.name}, {switch.name}"
        record = {"variant": name, "seed": seed, "verdicts": digits(verdicts)}
        kept.add({"key": _key(variant, switch, seed), **record})
        print(f"{name}, seed {seed}: {sum(verdicts)} of {len(verdicts)}", file=sys.stderr)


def _key(variant: Variant, switch: Switch, seed: int) -> str:
    return f"{variant.name}|{switch.name}|{seed}"


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
    url, today = settings.database_url.get_secret_value(), settings.today or date.today()
    with opened(recipe, url, settings.glossary, today, teacher_of(settings)) as run:
        return ablate(run, steps, seeds, [variant for variant in VARIANTS if variant.name in only])


if __name__ == "__main__":
    sys.exit(main())
