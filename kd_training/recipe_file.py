"""What a recipe's TOML file may say, and how it is read."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eval_harness.gate import Rules
from kd_training.distill_config import ConfigError
from kd_training.teaching import Teaching


class Synthesis(BaseModel):
    """What the pairs are made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Path
    also: tuple[Path, ...] = ()  # more folders of intents, for one stage perhaps; nothing is composed from them
    also_copies: int = Field(1, ge=1)  # how often a pair of those stands in an epoch
    repeats: int = Field(5, ge=1)  # fillings of a phrasing that has slots
    composed: int = Field(90_000, ge=0)  # questions composed from parts
    corpus_copies: int = Field(1, ge=1)  # how often a pair worded by a person stands in an epoch
    holdout: float = Field(0.03, gt=0, lt=0.5)  # share of the SQL templates kept for validation
    intents: int | None = Field(None, ge=1)  # of the corpus are used, spread over all of it
    seed: int = 1
    parts: int = Field(2, ge=1)  # processes; part of the identity of what is made


class Target(BaseModel):
    """The student to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1)
    output: Path
    held_out: int = Field(200, ge=0)
    calibrated_on: int = Field(800, ge=0)
    target: float = Field(0.95, gt=0, le=1)


class Stage(BaseModel):
    """What one stage of the training changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    synthesize: dict[str, Any] = {}
    distill: dict[str, Any] = {}
    blend: float = Field(default=1.0, gt=0, le=1)  # share of its weights; the rest: those it began with
    taught: bool = True  # whether the recipe's teacher, if it has one, labels this stage's pairs and lends its states


class Night(BaseModel):
    """What a nightly run does with people's pairs and with what comes of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    copies: int = Field(default=20, ge=1)  # how often an admitted pair stands in an epoch; twice that for a correction
    held_out: int = Field(default=200, ge=1)  # questions of each held-out kind that both students are measured with
    disk: float = Field(default=2.0, ge=0)  # GB that must be free before it begins
    gate: dict[str, float] = {}  # settings of the gate, by their names in eval_harness/gate.py

    @model_validator(mode="after")
    def _gate_is_known(self) -> Night:
        if odd := sorted(self.gate.keys() - {field.name for field in fields(Rules)}):
            raise ValueError(f"gate: there is no setting {odd[0]}")
        return self

    def rules(self) -> Rules:
        """What the gate asks for."""
        return Rules(**{name: int(v) if name in ("tag_least", "least") else v for name, v in self.gate.items()})  # type: ignore[arg-type]


class Recipe(BaseModel):
    """A whole recipe; `distill` lacks the data and output, which the run fills in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    student: Target
    synthesize: dict[str, Any]
    distill: dict[str, Any]
    teacher: Teaching | None = None
    night: Night = Night()
    stage: tuple[Stage, ...] = (Stage(name="only"),)

    @model_validator(mode="after")
    def _stages_are_whole(self) -> Recipe:
        if len({self.synthesis(stage).holdout for stage in self.stage}) > 1:
            raise ValueError("all stages need the same holdout: one with less would train what another holds out")
        if len({s.name for s in self.stage}) != len(self.stage) or not self.stage:
            raise ValueError("a recipe needs stages, each with a name of its own")
        if self.teacher is not None and not any(stage.taught for stage in self.stage):
            raise ValueError("a recipe with a teacher needs a stage that is taught")
        return self

    def again(self, attempt: int) -> Recipe:
        """The same recipe after so many attempts: it draws other numbers, and comes to another student."""
        if not attempt:
            return self
        stages = [s.model_copy(update={"distill": _reseeded(s.distill, attempt)}) for s in self.stage]
        return self.model_copy(update={"distill": {"seed": attempt, **_reseeded(self.distill, attempt)},
                                       "stage": tuple(stages)})  # fmt: skip

    def synthesis(self, stage: Stage) -> Synthesis:
        """What the pairs of a stage are made from."""
        return Synthesis.model_validate({**self.synthesize, **stage.synthesize})


def _reseeded(settings: dict[str, Any], attempt: int) -> dict[str, Any]:
    return {name: value + attempt if name == "seed" else value for name, value in settings.items()}


def load_recipe(path: Path) -> Recipe:
    """Read a recipe. Raises ConfigError naming what is wrong."""
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {faults(error)}") from error
    output = path.resolve().parent / recipe.student.output
    return recipe.model_copy(update={"student": recipe.student.model_copy(update={"output": output})})


def faults(error: ValidationError) -> str:
    """What is wrong, setting by setting."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
