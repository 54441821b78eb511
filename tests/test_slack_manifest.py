"""The manifest says what the code uses, no more and no less."""

from __future__ import annotations

import json
import re

import pytest

from adapters.slack.app import listen, make_bolt
from adapters.slack.listeners.commands import ASK, MYNAH
from adapters.slack.listeners.messages import SHORTCUT
from adapters.slack.manifest import BOT_SCOPES, EVENTS, FILE, manifest
from bot.config import ROOT, load_settings

CODE = "\n".join(path.read_text("utf-8") for path in (ROOT / "adapters" / "slack").rglob("*.py"))
# Scopes that each method needs; what is answered inside a request of Slack's needs none.
METHODS = {
    "chat_postMessage": {"chat:write"}, "chat_update": {"chat:write"}, "chat_postEphemeral": {"chat:write"},
    "files_upload_v2": {"files:write"}, "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "views_open": set(), "views_update": set(), "views_publish": set(),
}  # fmt: skip
EVENT_SCOPES = {
    "app_mention": {"app_mentions:read"}, "message.channels": {"channels:history"},
    "message.groups": {"groups:history"}, "message.im": {"im:history"}, "reaction_added": {"reactions:read"},
    "reaction_removed": {"reactions:read"}, "app_home_opened": set(), "app_uninstalled": set(), "tokens_revoked": set(),
}  # fmt: skip


def test_the_file_is_what_the_command_writes() -> None:
    assert json.loads(FILE.read_text("utf-8")) == manifest(), "run: python -m adapters.slack.manifest"


def test_scopes_are_those_of_what_is_called_and_heard() -> None:
    called = set(re.findall(r"\.((?:chat|files|conversations|views|users|reactions)_\w+)\(", CODE))
    assert called == set(METHODS)
    needed = set().union(*METHODS.values(), *(EVENT_SCOPES[event] for event in EVENTS))
    assert set(BOT_SCOPES) == needed | {"commands"}
    assert manifest()["oauth_config"]["scopes"]["bot"] == sorted(BOT_SCOPES)


def test_events_commands_and_shortcuts_are_those_that_are_listened_to() -> None:
    listened = set(re.findall(r'@app\.event\("(\w+)"\)', CODE)) | {"app_uninstalled", "tokens_revoked"}
    assert {event.partition(".")[0] for event in EVENTS} == listened
    features = manifest()["features"]
    assert [command["command"] for command in features["slash_commands"]] == [ASK, MYNAH]
    assert [shortcut["callback_id"] for shortcut in features["shortcuts"]] == [SHORTCUT]


def test_every_button_and_window_that_is_built_is_listened_to() -> None:
    actions = "(?:vote|pick|pair|show|run|ask|example)_?[a-z]*|correct|share|cancel"
    built = set(re.findall(rf'button\([^)]*?"({actions})"', CODE))
    patterns = re.findall(r'(?:r"([\w()|\\]+)": _|@app\.action\((?:re\.compile\()?r?"([\w()|\\]+)")', CODE)
    known = [re.compile(a or b) for a, b in patterns]
    assert len(built) > 10
    for action in built:
        assert any(pattern.fullmatch(action.replace("{number}", "0")) for pattern in known), action


@pytest.mark.parametrize("address", ["https://mynah.example.com", "https://mynah.example.com/"])
def test_with_an_address_it_is_for_http(address: str) -> None:
    made = manifest(address)
    url = "https://mynah.example.com/slack/events"
    assert made["settings"]["event_subscriptions"]["request_url"] == url
    assert made["settings"]["interactivity"]["request_url"] == url
    assert {command["url"] for command in made["features"]["slash_commands"]} == {url}
    assert not made["settings"]["socket_mode_enabled"] and made["settings"]["token_rotation_enabled"]
    assert made["oauth_config"]["redirect_urls"] == ["https://mynah.example.com/slack/oauth_redirect"]


def test_the_app_is_built_without_a_network() -> None:
    bolt, _ = make_bolt(load_settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1"), None)
    assert bolt is not None and callable(listen)
