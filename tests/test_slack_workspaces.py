"""Several workspaces: installed through OAuth, answered with their own tokens, which are renewed, and forgotten."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiohttp import web

from adapters.slack.installations import Installations, open_engine
from tests.local_slack import ANN, BOT, BOT_TOKEN, TEAM, LocalSlack, local_slack, signed
from tests.slack_door import opened, slack_settings
from tests.tiny_student import Tiny

pytestmark = pytest.mark.needs("local-slack")
CLIENT, SHOPS = "111.222", "how many shops do we have?"


def granted(token: str, seconds: int) -> web.Response:
    """What Slack's token endpoint says; the local Slack has none."""
    return web.json_response({
        "ok": True, "access_token": token, "token_type": "bot", "scope": "chat:write", "bot_user_id": BOT,
        "app_id": "A01APP", "team": {"id": TEAM, "name": "Test"}, "enterprise": None, "authed_user": {"id": ANN},
        "refresh_token": "xoxe-1-refresh", "expires_in": seconds, "is_enterprise_install": False,
    })  # fmt: skip


async def install(slack: LocalSlack, address: str, token: str, seconds: int) -> int:
    """Go through the installation as a person does; the status of its last page."""
    slack.answer_once("oauth.v2.access", lambda _: granted(token, seconds))
    async with httpx.AsyncClient(base_url=address) as browser:
        begun = await browser.get("/slack/install")
        links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', begun.text)]
        state = next(query["state"][0] for link in links if "state" in (query := parse_qs(urlsplit(link).query)))
        cookie = begun.headers["set-cookie"].split(";")[0]
        wrong = await browser.get("/slack/oauth_redirect", params={"code": "c", "state": "guessed"})
        assert wrong.status_code == 400
        done = await browser.get(
            "/slack/oauth_redirect", params={"code": "c", "state": state}, headers={"Cookie": cookie}
        )
    return done.status_code


async def test_a_workspace_comes_its_token_is_renewed_and_it_goes(tiny: Tiny, tmp_path: Path) -> None:
    async with local_slack() as slack:
        several = {"slack_bot_token": None, "slack_client_id": CLIENT, "slack_client_secret": "hush"}
        settings = slack_settings(tiny, tmp_path / "s", slack, **several)
        async with opened(settings, slack):
            address = slack.replicas[0]
            early = await slack.mention(SHOPS)  # nobody has installed it yet
            assert await install(slack, address, "xoxb-soon-over", 60) == 200
            slack.answer_once("oauth.v2.access", lambda _: granted(BOT_TOKEN, 40_000))
            asked = await slack.mention(SHOPS)
            await slack.answer(asked, "4 shops")
            known = len(slack.called("auth.test"))
            await slack.answer(await slack.mention(SHOPS), "4 shops")
            assert len(slack.called("auth.test")) == known  # whose a token is was asked once
            renewed = slack.called("oauth.v2.access")[-1]
            assert renewed["grant_type"] == "refresh_token" and renewed["refresh_token"] == "xoxe-1-refresh"
            assert [m for m in await slack.messages() if m.get("thread_ts") == early] == []
            engine = open_engine(settings.store_url)
            kept = Installations(engine, CLIENT)
            bot = await kept.async_find_bot(enterprise_id=None, team_id=TEAM)
            assert bot is not None and bot.bot_token == BOT_TOKEN
            gone = json.dumps({"type": "event_callback", "team_id": TEAM, "api_app_id": "A01APP",
                               "event": {"type": "app_uninstalled"}, "event_id": "Ev1",
                               "event_time": int(time.time())}).encode()  # fmt: skip
            async with httpx.AsyncClient() as platform:
                said = await platform.post(
                    f"{address}/slack/events", content=gone,
                    headers=signed(gone) | {"content-type": "application/json"},
                )  # fmt: skip
            assert said.status_code == 200
            async with asyncio.timeout(30):
                while await kept.async_find_bot(enterprise_id=None, team_id=TEAM) is not None:
                    await asyncio.sleep(0.05)
            assert await kept.async_find_installation(enterprise_id=None, team_id=TEAM) is None
            engine.dispose()
