"""The server process: starting, stopping, health, and what it refuses before any page is built."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.served import environment, served
from tests.tiny_student import Tiny

SERVING = {"promoted": "", "serving": "tiny-1", "number": 0, "trouble": "", "drift": ""}


def test_a_second_start_is_fast_and_a_stop_is_clean(tiny: Tiny, tmp_path: Path) -> None:
    with served(tiny, tmp_path) as server:
        assert server.health() == {"status": "ready", "student_version": "tiny-1", "message": "", "models": SERVING}
        assert server.stop() == (0, "")
    with served(tiny, tmp_path) as server:
        assert 0.5 < server.seconds < 5
    assert not (tmp_path / ".nicegui").exists()
    secret = tmp_path / "state" / "web.secret"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_port_in_use_is_a_sentence_and_exit_code_1(tiny: Tiny, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _start(tiny, tmp_path, MYNAH_WEB_PORT=str(port))
    assert done.returncode == 1
    assert f"already listens on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_a_sentence_and_exit_code_1(tiny: Tiny, tmp_path: Path) -> None:
    for host in ("203.0.113.7", "no-such-host.invalid"):
        done = _start(tiny, tmp_path, MYNAH_WEB_HOST=host)
        assert done.returncode == 1
        assert f"cannot listen on {host}" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_missing_database_leaves_a_server_that_says_so(tiny: Tiny, tmp_path: Path) -> None:
    with served(Tiny(tiny.student, tmp_path / "none.db"), tmp_path) as server:
        health = httpx.get(f"{server.url}/healthz")
        assert health.status_code == 503
        assert health.json()["status"] == "closed"
        assert "none.db" in health.json()["message"]
        assert httpx.get(server.url).status_code == 200


def test_only_pages_of_its_own_address_are_answered(tiny: Tiny, tmp_path: Path) -> None:
    with served(tiny, tmp_path) as server:
        own = server.url.removeprefix("http://")
        port = own.rpartition(":")[2]
        assert httpx.get(server.url, headers={"Host": f"localhost:{port}"}).status_code == 200
        for host in (f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example", "a b", ""):
            assert httpx.get(server.url, headers={"Host": host}).status_code in (400, 403), host
        for origin in ("http://evil.example", "null", f"http://localhost:{port}", "http://127.0.0.1"):
            assert httpx.post(server.url, headers={"Origin": origin}).status_code == 403, origin
        assert httpx.post(server.url, headers={"Origin": server.url}).status_code == 405
        socket_address = f"ws://{own}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
        with pytest.raises(InvalidStatus), connect(socket_address, origin=Origin("http://evil.example")):
            pass
        with connect(socket_address, origin=Origin(server.url)) as opened:
            assert str(opened.recv(timeout=5)).startswith("0")


def test_the_page_names_no_other_place_and_forbids_it(tiny: Tiny, tmp_path: Path) -> None:
    with served(tiny, tmp_path) as server:
        page = httpx.get(server.url)
        policy = page.headers["content-security-policy"]
        own = server.url.removeprefix("http://")
        assert "default-src 'self';" in policy
        assert {word for word in policy.replace(";", " ").split() if "://" in word} == {f"ws://{own}", f"wss://{own}"}
        assert page.headers["x-content-type-options"] == "nosniff"
        assert 'src="http' not in page.text
        assert 'href="http' not in page.text
        cookie = page.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert httpx.get(f"{server.url}/mynah/../../../pyproject.toml").status_code == 404
        assert httpx.get(f"{server.url}/docs").status_code == 404
        assert httpx.get(f"{server.url}/openapi.json").status_code == 404


def test_a_state_folder_that_cannot_be_written_still_gives_answers(tiny: Tiny, tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("a file where the folder should be")
    with served(tiny, tmp_path) as server:
        assert server.health()["status"] == "ready"
        assert httpx.get(server.url).status_code == 200
        assert "web.secret cannot be kept" in "".join(server.warnings)


def _start(tiny: Tiny, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).resolve().parent.parent)
    variables = environment(tiny, folder / "state", PYTHONPATH=os.pathsep.join([root, *sys.path]), **more)
    return subprocess.run(
        [sys.executable, "-m", "adapters.terminal", "serve", "--web"],
        env=variables, cwd=folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
