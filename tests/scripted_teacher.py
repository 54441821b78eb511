"""A teacher that says what a test wants, over real HTTP: as much of vLLM's protocol as is asked of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kd_training.teacher_client import Access, TeacherClient
from tests.http_peer import peer

Body = dict[str, Any]
Says = Callable[[Body], str | None]  # to a request; None refuses it
WIDTH = 6


@dataclass
class Scripted:
    """Where the server is, what it says from now on, and what it was asked: path, key, body."""

    says: Says
    url: str = ""
    key: str | None = None  # that it wants
    longest: int = 1_000_000  # ids of a pooling request
    asked: list[tuple[str, str | None, Body]] = field(default_factory=list)

    def client(self) -> TeacherClient:
        """A client of it."""
        return TeacherClient(Access(self.url, "teacher", self.key, tries=2, concurrency=2, patience=0.01))

    def answer(self, path: str, key: str | None, body: Body) -> tuple[int, bytes]:
        """Status and content of an answer."""
        self.asked.append((path, key, body))
        if self.key is not None and key != f"Bearer {self.key}":
            return 401, b""
        if path == "/v1/models":
            return 200, json.dumps({"data": [{"id": "teacher"}]}).encode()
        if path == "/tokenize":
            return 200, json.dumps({"tokens": [1, 2, 3]}).encode()
        if path == "/pooling":
            ids = body["input"]
            return (200, _states(ids)) if len(ids) <= self.longest else _refusal("the input is too long")
        said = self.says(body)
        return _refusal("no such backend") if said is None else (200, _spoken(said, body))


@contextmanager
def scripted(says: Says, **more: Any) -> Iterator[Scripted]:
    """Such a server, for as long as the block runs."""
    teacher = Scripted(says, **more)

    def answer(path: str, key: str | None, content: bytes) -> tuple[int, bytes]:
        return teacher.answer(path, key, json.loads(content) if content else {})

    with peer(answer) as teacher.url:
        yield teacher


def _refusal(why: str) -> tuple[int, bytes]:
    return 400, json.dumps({"error": {"message": why}}).encode()


def _spoken(said: str, body: Body) -> bytes:
    choice: Body = {"text": said, "logprobs": {"token_logprobs": [-0.5]}}
    if "messages" in body:
        choice = {"message": {"content": said}, "logprobs": {"content": [{"logprob": -0.5}]}}
    return json.dumps({"choices": [choice] * body.get("n", 1)}).encode()


def _states(ids: Sequence[int]) -> bytes:
    """A state of each id, the same whenever it is asked for."""
    rows = [np.random.default_rng(number).standard_normal(WIDTH) for number in ids]
    return np.asarray(rows, np.float32).tobytes()
