"""The app's manifest: what Slack has to know of it. `python -m adapters.slack.manifest [https://host]` writes it.

Without an address it is for Socket Mode; with one, for HTTP at that address, with OAuth for several workspaces.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH = "/slack/events", "/slack/install", "/slack/oauth_redirect"
FILE = Path(__file__).with_name("manifest.json")

# What each scope is for. tests/test_slack_manifest.py looks that the code needs all of them and no other.
BOT_SCOPES = {
    "app_mentions:read": "questions that mention the bot",
    "channels:history": "replies in threads of public channels, and the answer under a reaction",
    "chat:write": "answers",
    "commands": "/ask, /mynah and the shortcut",
    "files:write": "charts and rows as files",
    "groups:history": "the same in private channels",
    "im:history": "direct messages",
    "im:write": "questions asked from the home page",
    "reactions:read": "thumbs",
}
EVENTS = (
    "app_home_opened", "app_mention", "app_uninstalled", "message.channels", "message.groups", "message.im",
    "reaction_added", "reaction_removed", "tokens_revoked",
)  # fmt: skip


def manifest(address: str = "") -> dict[str, Any]:
    """The manifest, for Socket Mode or for HTTP at an address."""
    url = f"{address.rstrip('/')}{EVENTS_PATH}" if address else ""
    request = {"request_url": url} if url else {}
    commands = [
        {"command": "/ask", "description": "Ask the database in plain words",
         "usage_hint": "how many orders last month?"},
        {"command": "/mynah", "description": "Help, examples, status, review, why",
         "usage_hint": "help | examples | status | review | why <link>"},
    ]
    oauth: dict[str, Any] = {"scopes": {"bot": sorted(BOT_SCOPES)}}
    if address:
        oauth["redirect_urls"] = [f"{address.rstrip('/')}{REDIRECT_PATH}"]
    return {
        "display_information": {
            "name": "Mynah", "background_color": "#22303c",
            "description": "Answers questions from your own database, and learns from every thumb.",
        },
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True,
                         "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": "Mynah", "always_online": True},
            "shortcuts": [{"name": "Ask Mynah", "type": "message", "callback_id": "ask_mynah",
                           "description": "Ask the database what this message asks"}],
            "slash_commands": [{**command, **({"url": url} if url else {}), "should_escape": False}
                               for command in commands],
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {**request, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": bool(address),
        },
    }  # fmt: skip


def main(arguments: list[str]) -> None:
    """Write the manifest for Socket Mode beside this file, or print the one for an address."""
    if arguments:
        print(json.dumps(manifest(arguments[0]), indent=2))
        return
    FILE.write_text(json.dumps(manifest(), indent=2) + "\n", encoding="utf-8")
    print(f"{FILE} was written")


if __name__ == "__main__":
    main(sys.argv[1:])
