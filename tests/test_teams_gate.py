"""Requests that Teams did not sign for this bot, or that are old, or of others: turned away, and nothing is done."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.teams.gate import check_settings
from bot.config import ConfigError, load_settings
from tests.mynah_command import Mynah
from tests.openid import APP, ISSUER, SERVICE, Signer, new_key, signer
from tests.teams_playground import Bot
from tests.tiny_student import TODAY, Tiny

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"


@pytest.fixture(scope="module")
def keys() -> Iterator[Signer]:
    with signer() as running:
        yield running


@pytest.fixture(scope="module")
def bot(tiny: Tiny, keys: Signer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """The door as it stands in an organisation, as a process."""
    started = Bot(tmp_path_factory.mktemp("bot"), {
        "MYNAH_DATABASE_URL": f"sqlite:///{tiny.database}", "MYNAH_STUDENT_DIR": str(tiny.student),
        "MYNAH_TODAY": str(TODAY), "MYNAH_TEAMS_APP_ID": APP, "MYNAH_TEAMS_APP_PASSWORD": "a secret",
        "MYNAH_TEAMS_TENANTS": TENANT, "MYNAH_TEAMS_KEYS_URL": keys.url,
    })  # fmt: skip
    started.start()
    yield started
    assert started.stop() == 0
    assert "Traceback" not in started.log
    assert "a secret" not in started.log


def event(kind: str = "message", **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "id": str(uuid.uuid4()), "timestamp": datetime.now(UTC).isoformat(), "channelId": "msteams",
        "serviceUrl": SERVICE, "from": {"id": "29:x", "aadObjectId": "ann"}, "recipient": {"id": f"28:{APP}"},
        "conversation": {"id": "a:1", "conversationType": "personal", "tenantId": TENANT},
        "channelData": {"tenant": {"id": TENANT}}, "text": "how many shops do we have?",
    } | more  # fmt: skip


def press(**more: Any) -> dict[str, Any]:
    action = {"action": {"type": "Action.Execute", "verb": "vote", "data": {"answer": "f" * 32, "vote": 1}}}
    return event("invoke", name="adaptiveCard/action", value=action, **more)


def post(bot: Bot, body: Any, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(f"{bot.url}/api/messages", content=content, headers=headers, timeout=60)


def questions(bot: Bot) -> int:
    """How many questions were taken on."""
    with closing(sqlite3.connect(f"file:{bot.folder / 'state' / 'state.db'}?mode=ro", uri=True)) as connection:
        there = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'questions'"
        if not connection.execute(there).fetchone()[0]:
            return 0
        return int(connection.execute("SELECT COUNT(*) FROM questions").fetchone()[0])


def test_a_signed_request_is_answered_in_its_shape(bot: Bot, keys: Signer) -> None:
    answered = post(bot, press(), keys.token())
    assert answered.status_code == 200
    told = answered.json()
    assert told["type"] == "application/vnd.microsoft.activity.message"
    assert told["value"] == "I do not remember that answer any more, so I cannot note this."
    assert "/keys" in keys.asked


def test_a_request_that_is_not_signed_for_this_bot_is_401(bot: Bot, keys: Signer) -> None:
    now = int(time.time())
    good = keys.token()
    wrong = {
        "no token": None,
        "no sense": "abc.def.ghi",
        "another key": keys.token(key=new_key()),
        "a key that is not published": keys.token(kid="k2"),
        "a shared secret": keys.token(key="s" * 64, algorithm="HS256"),
        "another issuer": keys.token(iss="https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"),
        "an issuer of another use": keys.token(iss="https://login.microsoftonline.com/botframework.com/v2.0"),
        "another bot": keys.token(aud="99999999-2222-3333-4444-555555555555"),
        "no audience": keys.token(aud=None),
        "over": keys.token(exp=now - 3600, nbf=now - 7200),
        "not yet": keys.token(nbf=now + 3600),
        "another service": keys.token(serviceurl="https://evil.test/"),
        "no service": keys.token(serviceurl=None),
        "cut": good[:-4],
        "changed": good.rpartition(".")[0] + ".AAAA",
    }
    before = questions(bot)
    for name, token in wrong.items():
        for body in (event(), press()):
            assert post(bot, body, token).status_code == 401, name
    assert httpx.post(f"{bot.url}/api/messages", json=event(), headers={"Authorization": "Basic x"}).status_code == 401
    assert post(bot, event(channelId="webchat-other"), good).status_code == 401  # the key is not endorsed for it
    assert questions(bot) == before


def test_another_tenant_another_service_or_another_time_is_403(bot: Bot, keys: Signer) -> None:
    other = {"id": "bbbbbbbb-0000-0000-0000-000000000002"}
    old = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    evil = "https://smba.trafficmanager.net.evil.test/"
    before = questions(bot)
    for body in (
        event(channelData={"tenant": other}), event(channelData={}, conversation={"id": "a:1"}), event(timestamp=old),
        event(timestamp="soon"), event(timestamp=None), event(id=""), press(channelData={"tenant": other}),
        press(timestamp=old),
    ):  # fmt: skip
        assert post(bot, body, keys.token()).status_code == 403, body
    assert post(bot, event(serviceUrl=evil), keys.token(serviceurl=evil)).status_code == 403
    assert questions(bot) == before


def test_a_request_that_is_played_back_is_403_and_nothing_is_done(bot: Bot, keys: Signer) -> None:
    body, token = press(), keys.token()
    assert [post(bot, body, token).status_code for _ in range(3)] == [200, 403, 403]
    reaction = event("messageReaction", replyToId="1", reactionsAdded=[{"type": "like"}])
    assert [post(bot, reaction, token).status_code for _ in range(2)] == [200, 403]


def test_what_is_no_event_is_400_and_what_is_too_large_413(bot: Bot, keys: Signer) -> None:
    for body in (b"", b"{", b"[]", b'"x"', b"null", b"[" * 100_000, b'{"type": 7}', b"\xff\xfe"):
        assert post(bot, body, keys.token()).status_code == 400, body[:20]
    assert post(bot, b" " * 300_000, keys.token()).status_code == 413
    assert httpx.get(f"{bot.url}/api/messages").status_code == 405
    strange = event(
        "messageReaction", entities=[7, None, {"type": "mention"}], membersAdded="x", reactionsAdded=[None], text=7,
        value=[1], name=[], replyToId=7, channelData={"tenant": {"id": TENANT}, "team": 7},
        **{"from": {"id": "29:y", "name": {}}},
    )  # fmt: skip
    assert post(bot, strange, keys.token()).status_code == 200
    for value in (None, 7, [], {"action": 7}, {"action": {"verb": [], "data": "x"}}, {"actionValue": "x"}):
        for name in ("adaptiveCard/action", "message/submitAction", "fileConsent/invoke"):
            assert post(bot, event("invoke", name=name, value=value), keys.token()).status_code == 200, (name, value)
    assert post(bot, event("invoke", name="composeExtension/query"), keys.token()).status_code == 501


def test_keys_that_cannot_be_had_are_503_and_not_let_in(tiny: Tiny, keys: Signer, tmp_path: Path) -> None:
    alone = Bot(tmp_path, {
        "MYNAH_DATABASE_URL": f"sqlite:///{tiny.database}", "MYNAH_STUDENT_DIR": str(tiny.student),
        "MYNAH_TEAMS_APP_ID": APP, "MYNAH_TEAMS_APP_PASSWORD": "x", "MYNAH_TEAMS_TENANTS": TENANT,
        "MYNAH_TEAMS_KEYS_URL": "http://127.0.0.1:9/",
    })  # fmt: skip
    alone.start()
    try:
        assert post(alone, event(), keys.token()).status_code == 503
        assert questions(alone) == 0
    finally:
        alone.kill()


def test_the_door_does_not_open_without_its_keys(tiny: Tiny, tmp_path: Path) -> None:
    done = Mynah(tiny, tmp_path)("serve", "--teams")
    assert done.code == 2
    assert "teams_app_id, teams_app_password, teams_tenants" in done.err
    open_to_all = Mynah(tiny, tmp_path)("serve", "--teams", teams_local=True, web_host="0.0.0.0")
    assert open_to_all.code == 2
    assert "web_host has to be 127.0.0.1" in open_to_all.err
    with pytest.raises(ConfigError, match="trying things out"):
        check_settings(load_settings(teams_local=True, teams_app_id=APP))


def test_without_signatures_only_this_machine_is_answered(tiny: Tiny, tmp_path: Path) -> None:
    local = Bot(tmp_path, {
        "MYNAH_DATABASE_URL": f"sqlite:///{tiny.database}", "MYNAH_STUDENT_DIR": str(tiny.student),
        "MYNAH_TEAMS_LOCAL": "true",
    })  # fmt: skip
    local.start()
    try:
        here = press(serviceUrl="http://127.0.0.1:9/")
        assert httpx.post(f"{local.url}/api/messages", json=here).status_code == 200
        strangers = {"Host": "tunnel.example"}
        assert httpx.post(f"{local.url}/api/messages", json=press(), headers=strangers).status_code == 403
        assert httpx.post(f"{local.url}/api/messages", json=press()).status_code == 403  # the service is elsewhere
        assert questions(local) == 0
    finally:
        local.kill()


def test_the_issuer_in_use_is_the_one_of_the_settings() -> None:
    assert load_settings().teams_issuer == ISSUER
