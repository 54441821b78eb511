"""The teacher's part of a recipe: a stand-in trained or a server attached to, then labels, then hidden states.

    [teacher]         the settings of Teaching
    [teacher.train]   settings of DistillConfig for the stand-in

On one machine the two servers, of text and of states, run one after the other. Each part that is finished is not done
again; each that was stopped goes on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.config import Settings
from bot.prompt import PREFIX, SEPARATOR
from bot.shorthand import REFUSAL, Shorthand
from eval_harness.json_lines import read_objects
from kd_training.distill_config import ConfigError
from kd_training.extract import Extraction, Forced, Words, extract_states, plain_lead
from kd_training.label import FINISHED, Labelling, Question, label, read_questions
from kd_training.questions import Ground
from kd_training.reword import FINISHED as REWORDED
from kd_training.reword import Rewording, reword
from kd_training.shards import write_whole
from kd_training.stand_in import about, train_stand_in
from kd_training.states import INDEX
from kd_training.taking_turns import turn
from kd_training.teacher_client import Access, TeacherClient, tokenizer_of
from kd_training.teacher_prompt import Instructions, Style
from kd_training.teacher_server import NAME, Launch, Runner, serving
from kd_training.tokenizer import load_tokenizer
from kd_training.withheld import Withheld

log = logging.getLogger(__name__)
_APPROVED = 4_000  # pairs that an instruct teacher is shown the nearest of
_DROPPED = "dropped.json"


class Teaching(BaseModel):
    """What a recipe asks of the teacher."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal["stand-in", "server"] = "stand-in"  # trained here, or the one that the settings name
    train: dict[str, Any] = {}
    questions: int = Field(2_000, ge=1)  # of each stage are put to the teacher; the others keep what they have
    targets: Literal["teacher", "gold"] = "teacher"  # whose SQL is learned for those questions
    samples: int = Field(5, ge=1)
    temperature: float = Field(0.7, ge=0)
    agreement: float = Field(0.6, gt=0, le=1)
    max_tokens: int = Field(200, ge=1)
    states: bool = True
    state_pairs: int | None = Field(None, ge=1)  # of each stage lend their states; None: those that were labelled
    state_sample: int = Field(500, ge=2)  # pairs that the basis of the states is fitted on
    reword: int = Field(0, ge=0)  # queries of each stage to be put into words; an instruct teacher only
    concurrency: int = Field(8, ge=1)
    context: int = Field(1024, ge=64)  # tokens of prompt and answer that a server started here allows


    @model_validator(mode="after")
    def _samples_differ(self) -> Teaching:
        if self.temperature == 0 and self.samples > 1:
            raise ValueError("at temperature 0 all samples are the same: set samples = 1")
        return self


@dataclass(frozen=True)
class Teacher:
    """Where the teacher is, from the settings. Without `url` a server of `model` is started with `python`."""

    python: Path
    model: str
    style: Style = "instruct"
    url: str | None = None
    states_url: str | None = None
    key: str | None = None
    arguments: tuple[str, ...] = ()


def teacher_of(settings: Settings, url: str | None = None) -> Teacher:
    """The teacher as the settings have it; a URL that was typed wins."""
    key = settings.teacher_key
    return Teacher(
        settings.teacher_python, settings.teacher_model, settings.teacher_style, url or settings.teacher_url,
        settings.teacher_states_url, key.get_secret_value() if key else None,
        tuple(shlex.split(settings.teacher_arguments)),
    )  # fmt: skip


@dataclass(frozen=True)
class Taught:
    """What came of the teaching for one stage: the pairs to learn, their states, and what the manifest says of it."""

    data: Path
    states: Path | None
    told: Mapping[str, Any]


class Lessons:
    """The teaching of one recipe, under `directory`. `pairs` is a stage's folder of pairs, by the stage's name.

    Of what the teacher says, nothing is learned that the share `holdout` of the SQL templates keeps out of training.
    `added` holds pairs that join each stage as they are: the teacher is not asked for their SQL, only for its states.
    """

    def __init__(
        self, teaching: Teaching, teacher: Teacher, pairs: Mapping[str, Path], directory: Path, ground: Ground,
        holdout: float, added: Path | None = None,
    ) -> None:
        self._teaching, self._pairs, self._ground, self._added = teaching, pairs, ground, added
        self._holdout, self._shorthand = holdout, Shorthand(ground.schema, ground.glossary)
        self._teacher, self._directory = teacher, directory
        if teaching.source == "server" and teaching.states and teacher.url and not teacher.states_url:
            raise ConfigError(
                "teacher: hidden states need a pooling server: set teacher_states_url, or states = false in the recipe"
            )
        if teaching.reword and (teaching.source == "stand-in" or teacher.style != "instruct"):
            raise ConfigError("teacher.reword: only an instruct teacher can put SQL into words")

    def stand_in(self) -> Path | None:
        """The stand-in, trained on the first stage's pairs if need be; None where the teacher is a real one."""
        if self._teaching.source == "server":
            return None
        first = next(iter(self._pairs.values()))
        held_out = first / "valid.jsonl"
        settings = {"n_positions": self._teaching.context, **self._teaching.train}
        return train_stand_in(
            first / "train.jsonl", held_out if held_out.stat().st_size else None, self._directory / "teacher", settings
        )

    def taught(self, tokenizer: Callable[[], Path], width: int) -> dict[str, Taught]:
        """Everything, stage by stage. `tokenizer` gives the student's, in whose positions states are kept.

        Another process that wants the same waits, and finds it made. Raises what training a stand-in, TeacherClient,
        label and extract_states raise.
        """
        with turn(self._servers):
            return self._all_taught(tokenizer, width)

    def _all_taught(self, tokenizer: Callable[[], Path], width: int) -> dict[str, Taught]:
        model, teacher, identity, out = self._labelled()
        taught = {name: self._taught_pairs(name, folder) for name, folder in out.items()}
        if self._teaching.states:
            words = _Words(teacher, load_tokenizer(tokenizer()), self._ground)
            if not all((folder / "states" / INDEX).exists() for folder in out.values()):
                with self._client(teacher, "pooling") as client:
                    for name, folder in out.items():
                        how = Extraction(identity, width, self._teaching.state_sample)
                        extract_states(self._forced(name, folder), client, words.of(client), how, folder / "states")
        return {
            name: Taught(
                taught[name], folder / "states" if self._teaching.states else None, self._told(folder, teacher, model)
            )
            for name, folder in out.items()
        }

    def labelled(self) -> list[Path]:
        """The first part of it: each stage's folder, with the teacher's SQL in it."""
        with turn(self._servers):
            return list(self._labelled()[3].values())

    @property
    def _servers(self) -> Path:
        """Where the run's servers write things down; who has the turn here may start and stop them."""
        return self._directory / "servers"

    def _labelled(self) -> tuple[Path | None, Teacher, str, dict[str, Path]]:
        model = self.stand_in()
        teacher = self._teacher
        if model is not None:
            teacher = replace(teacher, model=str(model), style="student", url=None, states_url=None, arguments=())
        identity = _identity(teacher, model)
        out = {name: self._directory / name / f"taught-{identity}" for name in self._pairs}
        if not all(self._is_labelled(folder) for folder in out.values()):
            with self._client(teacher, "generate") as client:
                for name, folder in out.items():
                    self._label(name, folder, teacher, identity, client)
        return model, teacher, identity, out

    def _is_labelled(self, folder: Path) -> bool:
        return (folder / FINISHED).exists() and (not self._teaching.reword or (folder / REWORDED).exists())

    def _label(self, stage: str, folder: Path, teacher: Teacher, identity: str, client: TeacherClient) -> None:
        asked, teaching = self._questions(stage), self._teaching
        how = Labelling(
            identity, teacher.style, teaching.samples, teaching.temperature, teaching.agreement, teaching.max_tokens
        )
        approved = [(q.prompt, q.target) for q in _chosen(read_questions(self._file(stage)), _APPROVED)]
        shown = [(_plain(text), sql) for text, sql in approved]
        if not (folder / FINISHED).exists():
            log.info("labelling %d questions of stage %s", len(asked), stage)
            label(asked, client, self._ground, how, folder, shown)
        if teaching.reword and not (folder / REWORDED).exists():
            queries = _chosen([q for q in asked if q.target != REFUSAL], teaching.reword)
            reword(queries, client, self._ground, Rewording(identity), folder, shown)

    def _taught_pairs(self, stage: str, folder: Path) -> Path:
        """The stage's pairs with the teacher's SQL in place of theirs, where it was asked; new wordings added."""
        path = folder / "train.jsonl"
        if path.exists():
            return path
        dropped: Counter[str] = Counter(targets_held_out=0)
        if self._teaching.reword:
            dropped.update(wordings_held_out=0)
        lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in self._learned(stage, folder, dropped)]
        write_whole(folder / _DROPPED, [json.dumps(dropped, indent=1), "\n"])
        write_whole(path, lines)
        return path

    def _learned(self, stage: str, folder: Path, dropped: Counter[str]) -> Iterator[dict[str, Any]]:
        """What is learned; `dropped` counts the teacher's lines that would teach what is held out."""
        withheld = Withheld(self._pairs[stage], self._holdout, self._shorthand)
        asked = {(q.question, q.prompt) for q in self._questions(stage)}
        labelled = {(line["question"], line["prompt"]): line for line in read_objects(folder / "labelled.jsonl")}
        for line in read_objects(self._file(stage)):
            place = (line["question"], line["prompt"])
            if self._teaching.targets == "gold" or place not in asked:
                yield line
            elif place not in labelled:  # the teacher is not of one mind: it is in review.jsonl
                continue
            elif withheld.template(labelled[place]["target"]):
                dropped["targets_held_out"] += 1
            else:
                yield {**line, "target": labelled[place]["target"], "key": labelled[place]["key"]}
        for line in read_objects(folder / "reworded.jsonl") if self._teaching.reword else ():
            if withheld.template(line["target"]) or withheld.asked(line["question"], line["prompt"]):
                dropped["wordings_held_out"] += 1
            else:
                yield line
        if self._added is not None:
            yield from read_objects(self._added)

    def _forced(self, stage: str, folder: Path) -> list[Forced]:
        """The pairs whose states are wanted, as they are learned: those that the teacher was asked for, or more of
        them where the recipe wants more, for states take a server far less time than SQL."""
        count = max(self._teaching.state_pairs or 0, self._teaching.questions)
        asked = {(q.question, q.prompt) for q in _chosen(read_questions(self._file(stage)), count)}
        if self._added is not None:
            asked |= {(line["question"], line["prompt"]) for line in read_objects(self._added)}
        return [
            Forced(line["key"], line["prompt"], line["target"], line["question"])
            for line in read_objects(folder / "train.jsonl")
            if (line["question"], line["prompt"]) in asked
        ]

    def _questions(self, stage: str) -> list[Question]:
        return _chosen(read_questions(self._file(stage)), self._teaching.questions)

    def _file(self, stage: str) -> Path:
        return self._pairs[stage] / "train.jsonl"

    def _told(self, folder: Path, teacher: Teacher, model: Path | None) -> dict[str, Any]:
        figures = {"labels": FINISHED, "rewording": REWORDED, "held_out": _DROPPED, "states": f"states/{INDEX}"}
        found = {name: folder / file for name, file in figures.items()}
        said = {name: json.loads(file.read_text("utf-8")) for name, file in found.items() if file.exists()}
        said.get("states", {}).pop("shards", None)
        return {"teacher": about(model) if model else teacher.model, "targets": self._teaching.targets, **said}

    @contextmanager
    def _client(self, teacher: Teacher, runner: Runner) -> Iterator[TeacherClient]:
        """A client of the server named, or of one that is started for as long as it is needed."""
        url = teacher.url if runner == "generate" else teacher.states_url
        if url is not None:
            access = Access(
                url, teacher.model, teacher.key, concurrency=self._teaching.concurrency,
                tokenizer=tokenizer_of(teacher.model),
            )  # fmt: skip
            with TeacherClient(access) as client:
                yield client
            return
        launch = Launch(
            teacher.python, teacher.model, runner, self._teaching.context, self._teaching.concurrency, teacher.arguments
        )
        with (
            serving(launch, self._servers) as started,
            TeacherClient(
                Access(started, NAME, concurrency=self._teaching.concurrency, tokenizer=tokenizer_of(teacher.model))
            ) as client,
        ):
            yield client


class _Words:
    """The tokenizers of both sides, and how the teacher is addressed in each style."""

    def __init__(self, teacher: Teacher, student: Any, ground: Ground) -> None:
        self._style, self._student, self._ground = teacher.style, student, ground
        self._tokenizer = load_tokenizer(teacher.model)

    def of(self, client: TeacherClient) -> Words:
        """Words for states that `client` gives."""
        if self._style == "student":
            return Words(self._tokenizer, self._student, plain_lead(self._tokenizer))
        instructions = Instructions(self._ground)
        return Words(
            self._tokenizer,
            self._student,
            lambda pair: client.tokens(instructions.messages(self._ground.link(pair.question))),
        )


def _identity(teacher: Teacher, model: Path | None) -> str:
    """Twelve digits that say which model teaches: by its weights where they are here, else by its name."""
    told = hashlib.sha256(f"{teacher.style} {'' if model else teacher.model}".encode())
    if model is not None:
        for name in ("model.safetensors", "tokenizer.json"):
            told.update(hashlib.sha256((model / name).read_bytes()).digest())
    return told.hexdigest()[:12]


def _chosen(questions: list[Question], count: int) -> list[Question]:
    """So many of the questions, the same ones each time, in their order."""
    if len(questions) <= count:
        return questions
    ranked = sorted(questions, key=lambda q: hashlib.sha256(f"{q.question}\n{q.prompt}".encode()).digest())
    kept = {(q.question, q.prompt) for q in ranked[:count]}
    return [q for q in questions if (q.question, q.prompt) in kept]


def _plain(text: str) -> str:
    """A rendered question out of its prompt."""
    return text.removeprefix(PREFIX).removesuffix(SEPARATOR)
