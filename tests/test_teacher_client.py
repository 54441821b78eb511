"""The teacher's client against servers that fail, over real HTTP; its servers' bookkeeping over real processes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from kd_training.teacher_client import Access, Ask, RefusedError, TeacherClient, TeacherError
from kd_training.teacher_server import Launch, Running, find, start, stop
from tests.http_peer import peer


@dataclass
class Answers:
    """What a server says, one answer a request, the last again and again; and what it was asked."""

    given: list[tuple[int, bytes]]
    asked: list[tuple[str, str | None, Any]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server() -> Iterator[Answers]:
    answers = Answers([(200, b"{}")])

    def answer(path: str, key: str | None, body: bytes) -> tuple[int, bytes]:
        answers.asked.append((path, key, json.loads(body) if body else None))
        return answers.given.pop(0) if len(answers.given) > 1 else answers.given[0]

    with peer(answer) as answers.url:
        yield answers


def client(url: str, **changes: Any) -> TeacherClient:
    return TeacherClient(Access(**{"url": url, "model": "teacher", "tries": 3, "patience": 0.01, **changes}))


def said(text: str) -> bytes:
    return json.dumps({"choices": [{"text": text, "logprobs": {"token_logprobs": [-0.5, None, -0.25]}}]}).encode()


def test_an_answer_comes_with_its_probability(server: Answers) -> None:
    server.given = [(200, said("SELECT 1"))]
    with client(f"{server.url}/v1/", key="nest") as teacher:
        (answer,) = teacher.complete(Ask("how many?\n", "start: /x/", temperature=0.5))
    assert (answer.text, answer.log_probability) == ("SELECT 1", -0.75)
    path, key, body = server.asked[0]
    assert (path, key) == ("/v1/completions", "Bearer nest")
    assert body["structured_outputs"] == {"grammar": "start: /x/"}
    assert (body["model"], body["n"], body["temperature"]) == ("teacher", 1, 0.5)


def test_passing_faults_are_survived(server: Answers) -> None:
    server.given = [(503, b"busy"), (429, b'{"error": {"message": "slow down"}}'), (200, said("SELECT 1"))]
    with client(server.url) as teacher:
        assert teacher.complete(Ask("x"))[0].text == "SELECT 1"
        assert teacher.retried == 2


@pytest.mark.parametrize(
    ("status", "content", "fault"),
    [
        (500, b"down", r"did not answer in 3 tries: status 500, down.*What was done is kept"),
        (401, b"", "wants another key: set teacher_key"),
        (404, b'{"error": {"message": "no model x"}}', "no model x. Is teacher_model right"),
        (200, b"<html>hello</html>", "not in JSON: is it a vLLM server"),
        (200, b"[1]", "something else than vLLM would"),
        (200, b"{}", "lacks 'choices'"),
    ],
)
def test_what_is_wrong_is_said(server: Answers, status: int, content: bytes, fault: str) -> None:
    server.given = [(status, content)]
    with client(server.url) as teacher, pytest.raises(TeacherError, match=fault):
        teacher.complete(Ask("x"))


def test_a_refused_request_is_told_apart(server: Answers) -> None:
    server.given = [(400, b'{"error": {"message": "too long"}}')]
    with client(server.url) as teacher, pytest.raises(RefusedError, match="too long"):
        teacher.complete(Ask("x"))
    assert len(server.asked) == 1  # asking again would not help


def test_nobody_there_and_wrong_models_are_named(server: Answers) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with client(url) as teacher, pytest.raises(TeacherError, match=r"refused.*mynah teacher status"):
        teacher.check()
    server.given = [(200, b'{"data": [{"id": "qwen"}]}')]
    with client(server.url) as teacher, pytest.raises(TeacherError, match="does not serve 'teacher' but qwen"):
        teacher.check()


def test_states_of_another_size_are_refused(server: Answers) -> None:
    server.given = [(200, b"\0" * 16), (200, b"\0" * 7)]
    with client(server.url) as teacher:
        assert teacher.states([1, 2]).shape == (2, 2)
        with pytest.raises(TeacherError, match="gave 7 bytes for the states of 2 tokens"):
            teacher.states([1, 2])


def test_work_comes_back_in_order_and_ends_at_the_first_error(server: Answers) -> None:
    def work(number: int) -> int:
        if number == 30:
            raise TeacherError("gone")
        return number * number

    with client(server.url, concurrency=3) as teacher:
        found = teacher.each(work, range(40))
        assert [next(found) for _ in range(30)] == [(n, n * n) for n in range(30)]
        with pytest.raises(TeacherError, match="gone"):
            next(found)


def test_without_vllm_it_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match="make vllm"):
        start(Launch(tmp_path / "nowhere", "model"), tmp_path)


def test_a_server_that_ends_at_once_is_explained(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=r"vLLM did not start: .*No module named.*teacher-generate\.log"):
        start(Launch(Path(sys.executable), "model"), tmp_path)  # a Python without vLLM
    assert find(tmp_path, "generate") is None
    assert not (tmp_path / "teacher-generate.json").exists()


def test_only_the_very_process_is_taken_for_the_server(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        born = psutil.Process(process.pid).create_time()
        for birth, alive in ((born - 100, False), (born, True)):
            running = Running("generate", process.pid, birth, "http://127.0.0.1:1", "model", "log")
            (tmp_path / "teacher-generate.json").write_text(json.dumps(asdict(running)))
            assert (find(tmp_path, "generate") is not None) is alive
        with pytest.raises(TeacherError, match="A generate server of model is running already"):
            start(Launch(Path(sys.executable), "other"), tmp_path)
        assert stop(tmp_path, "generate")
        process.wait(10)
        assert not psutil.pid_exists(process.pid)
    assert not stop(tmp_path, "generate")
