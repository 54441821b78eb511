"""The client of a vLLM server, over its OpenAI-compatible API: many requests at once, none lost to a passing fault.

Fields beyond OpenAI's: `structured_outputs.grammar` holds the answer to the student's grammar; `/tokenize` writes a
conversation as the model's own tokens; `/pooling` gives the state of every token (vLLM's documentation, "OpenAI
compatible server" and "Pooling models").
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import numpy as np
import numpy.typing as npt
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from kd_training.tokenizer import load_tokenizer, prompt_ids

Message = dict[str, str]
Prompt = str | tuple[Message, ...]  # a text to go on from, or a conversation
Given = TypeVar("Given")
Made = TypeVar("Made")


class TeacherError(Exception):
    """The teacher cannot be used; the message says why and what to do. What was done until then is kept."""


class RefusedError(TeacherError):
    """The teacher is there, but refused this request: too long, or in a language that it does not know."""


class _Passing(Exception):
    """A fault that may be gone at the next try."""


@dataclass(frozen=True)
class Access:
    """How to reach a server. `timeout`: seconds for one answer; `tries`: how often a request is made in all.

    `tokenizer`: the file by which plain text is split before it is sent. A stand-in needs that: a server's library
    makes a tokenizer by the model's architecture, and so splits text as Qwen2 does and not as the model was taught.
    """

    url: str
    model: str
    key: str | None = None
    timeout: float = 120.0
    tries: int = 6
    concurrency: int = 8
    patience: float = 20.0  # seconds between two tries at the most
    tokenizer: Path | None = None


@dataclass(frozen=True)
class Said:
    """One answer: its text, and the sum of its tokens' log-probabilities in nats."""

    text: str
    log_probability: float


@dataclass(frozen=True)
class Ask:
    """What to ask for: `samples` answers to `prompt`, at that `temperature`, in the language of `grammar` if given."""

    prompt: Prompt
    grammar: str | None = None
    samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 200


def tokenizer_of(model: str) -> Path | None:
    """The tokenizer of a model that lies here, for `Access`; None for one that only the server has."""
    file = Path(model) / "tokenizer.json"
    return file if file.is_file() else None


class TeacherClient:
    """A server that speaks OpenAI's protocol. Thread-safe."""

    def __init__(self, access: Access) -> None:
        self.access = access
        headers = {"Authorization": f"Bearer {access.key}"} if access.key else {}
        limits = httpx.Limits(max_connections=access.concurrency, max_keepalive_connections=access.concurrency)
        url = access.url.rstrip("/").removesuffix("/v1")
        try:
            self._http = httpx.Client(
                base_url=url, headers=headers, timeout=httpx.Timeout(access.timeout, connect=10), limits=limits
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise TeacherError(f"{access.url} is no address of a teacher: {error}") from error
        self._words = load_tokenizer(access.tokenizer) if access.tokenizer else None
        self.retried = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def check(self) -> None:
        """Make sure that the server is there and serves the model. Raises TeacherError."""
        served = [str(model.get("id")) for model in self._json("GET", "/v1/models").get("data", [])]
        if self.access.model not in served:
            raise TeacherError(
                f"The teacher at {self.access.url} does not serve {self.access.model!r} "
                f"but {', '.join(served) or 'nothing'}: set teacher_model."
            )

    def warm_up(self) -> None:
        """Have the server answer once, slowly: its first answer may take many times as long as the others."""
        self.complete(Ask("SELECT", max_tokens=1))

    def complete(self, ask: Ask) -> list[Said]:
        """The answers, in the server's order. Raises TeacherError."""
        body: dict[str, Any] = {
            "model": self.access.model, "n": ask.samples, "temperature": ask.temperature, "max_tokens": ask.max_tokens,
        }  # fmt: skip
        if ask.grammar is not None:
            body["structured_outputs"] = {"grammar": ask.grammar}
        if isinstance(ask.prompt, str):
            text = ask.prompt
            prompt = prompt_ids(self._words, text) if self._words else text
            found = self._json("POST", "/v1/completions", {**body, "prompt": prompt, "logprobs": 0})
            return [_completion(choice) for choice in _list(found, "choices")]
        found = self._json("POST", "/v1/chat/completions", {**body, "messages": list(ask.prompt), "logprobs": True})
        return [_chat(choice) for choice in _list(found, "choices")]

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """A conversation as the model's token ids, up to where its answer begins. Raises TeacherError."""
        body = {"model": self.access.model, "messages": list(messages), "add_generation_prompt": True}
        return [int(token) for token in _list(self._json("POST", "/tokenize", body), "tokens")]

    def states(self, ids: Sequence[int]) -> npt.NDArray[np.float32]:
        """The last layer's state after each token, unscaled: [len(ids), width]. Raises TeacherError."""
        body = {
            "model": self.access.model, "input": list(ids), "task": "token_embed", "use_activation": False,
            "encoding_format": "bytes", "embed_dtype": "float32",
        }  # fmt: skip
        content = self._send("POST", "/pooling", body).content
        if not content or len(content) % (4 * len(ids)):
            raise TeacherError(
                f"The teacher at {self.access.url} gave {len(content)} bytes for the states of {len(ids)} tokens: "
                "is it vLLM's pooling server (`mynah teacher start --runner pooling`)?"
            )
        return np.frombuffer(content, np.float32).reshape(len(ids), -1)

    def each(self, work: Callable[[Given], Made], given: Iterable[Given]) -> Iterator[tuple[Given, Made]]:
        """`work` done on each, several at a time, in the order given; as much is under way as the access allows."""
        waiting: deque[tuple[Given, Future[Made]]] = deque()
        with ThreadPoolExecutor(self.access.concurrency) as pool:
            try:
                for one in given:
                    waiting.append((one, pool.submit(work, one)))
                    if len(waiting) >= 2 * self.access.concurrency:
                        first, done = waiting.popleft()
                        yield first, done.result()
                while waiting:
                    first, done = waiting.popleft()
                    yield first, done.result()
            finally:
                for _, future in waiting:
                    future.cancel()

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._send(method, path, body)
        try:
            found = answer.json()
        except ValueError as error:
            raise TeacherError(f"{self._where(path)} answers, but not in JSON: is it a vLLM server?") from error
        if not isinstance(found, dict):
            raise TeacherError(f"{self._where(path)} answers with something else than vLLM would.")
        return found

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """The answer to a request, made again after passing faults with growing pauses (with chance in them)."""
        retrying = Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(self.access.tries),
            wait=wait_random_exponential(multiplier=0.5, max=self.access.patience),
            before_sleep=self._count,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _Passing as error:
            raise TeacherError(
                f"{self._where(path)} did not answer in {self.access.tries} tries: {error}. "
                "Is the teacher running (`mynah teacher status`)? What was done is kept; start again to go on."
            ) from error

    def _once(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise _Passing(str(error) or type(error).__name__) from error
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise _Passing(f"status {answer.status_code}, {_reason(answer)}")
        if answer.status_code in (401, 403):
            raise TeacherError(f"The teacher at {self.access.url} wants another key: set teacher_key.")
        if answer.status_code == 404:
            raise TeacherError(f"{self._where(path)} is not there: {_reason(answer)}. Is teacher_model right?")
        if not answer.is_success:
            raise RefusedError(f"{self._where(path)} refused a request: {_reason(answer)}")
        return answer

    def _count(self, state: RetryCallState) -> None:
        with self._lock:
            self.retried += 1

    def _where(self, path: str) -> str:
        return f"{self._http.base_url}".rstrip("/") + path


def _list(found: dict[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    if not isinstance(value, list):
        raise TeacherError(f"The teacher's answer lacks {name!r}: is it a vLLM server?")
    return value


def _completion(choice: dict[str, Any]) -> Said:
    told = (choice.get("logprobs") or {}).get("token_logprobs") or []
    return Said(str(choice.get("text") or ""), float(sum(p for p in told if p is not None)))


def _chat(choice: dict[str, Any]) -> Said:
    told = (choice.get("logprobs") or {}).get("content") or []
    text = (choice.get("message") or {}).get("content")
    return Said(str(text or ""), float(sum(token.get("logprob") or 0.0 for token in told)))


def _reason(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return answer.text[:200]
    error = told.get("error", told) if isinstance(told, dict) else told
    return str(error.get("message", error) if isinstance(error, dict) else error)[:300]
