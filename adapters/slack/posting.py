"""Posting to Slack: one message edited in place, in the newest blocks that the workspace takes, and files beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.blocks.answers import MANY, Look, Message, wants_picture
from adapters.slack.blocks.tables import csv_name
from adapters.slack.blocks.texts import clean_text, cut, fallback
from adapters.slack.workspaces import LOOKS, Workspaces
from bot.chart import draw
from bot.csv_file import to_csv
from bot.shown import Shown

_BLOCKS_REFUSED = ("invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long")

log = logging.getLogger("mynah.slack")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: `message` is the one to edit, empty for a new one."""

    team: str
    enterprise: str
    channel: str
    thread: str = ""
    message: str = ""


async def post(workspaces: Workspaces, place: Place, build: Callable[[Look], Message]) -> str:
    """Post or edit a message, with older blocks where the newest are refused; its timestamp. Raises SlackApiError."""
    client = await workspaces.client(place.team, place.enterprise)
    first = workspaces.level(place.team)
    for level in range(first, len(LOOKS)):
        message = build(LOOKS[level])
        try:
            stamp = await _send(client, place, message.text, message.blocks)
        except SlackApiError as error:
            if error.response.get("error") not in _BLOCKS_REFUSED:
                raise
            continue
        workspaces.took(place.team, level)
        return stamp
    log.warning("Slack refused every kind of blocks, so an answer was posted as plain text")
    return await _send(client, place, build(LOOKS[-1]).text, None)


async def _send(client: AsyncWebClient, place: Place, text: str, blocks: list[dict[str, Any]] | None) -> str:
    said: dict[str, Any] = {"channel": place.channel, "text": text, "blocks": blocks or []}
    if place.message:
        await client.chat_update(ts=place.message, link_names=False, parse="none", **said)
        return place.message
    sent = await client.chat_postMessage(
        thread_ts=place.thread or None, unfurl_links=False, unfurl_media=False, link_names=False, parse="none", **said
    )
    return str(sent["ts"])


async def whisper(client: AsyncWebClient, channel: str, user: str, message: Message, thread: str = "") -> None:
    """Say something that only one person sees. Where that cannot be, nothing is said."""
    try:
        await client.chat_postEphemeral(
            channel=channel, user=user, text=message.text, blocks=message.blocks or None,
            thread_ts=thread or None, link_names=False, parse="none",
        )
    except SlackApiError as error:
        log.warning("a note could not be shown to one person: %s", error.response.get("error"))


def files_of(shown: Shown | None, question: str, look: Look) -> list[dict[str, Any]]:
    """What comes as files: the chart where Slack cannot draw it, and all rows where there are many. Takes a moment."""
    files: list[dict[str, Any]] = []
    if shown is None:
        return files
    if wants_picture(shown, look) and shown.chart is not None:
        name = csv_name(question).removesuffix(".csv") + ".png"
        title = cut(clean_text(shown.chart.title), 200)
        files.append({"content": draw(shown.chart), "filename": name, "title": title,
                      "alt_txt": cut(clean_text(shown.chart.alt), 1000)})  # fmt: skip
    if len(shown.result.rows) > MANY:
        rows = to_csv(shown.result, shown.columns)
        title = f"All {len(shown.result.rows):,} rows" if not shown.result.truncated else "The rows, cut to fit"
        files.append({"content": rows, "filename": csv_name(question), "title": title})
    return files


async def upload(client: AsyncWebClient, channel: str, thread: str, files: list[dict[str, Any]], question: str) -> bool:
    """Put files into a thread, as one message. False where Slack does not take them: the answer stands without."""
    if not files:
        return True
    try:
        await client.files_upload_v2(
            file_uploads=files, channel=channel, thread_ts=thread or None,
            initial_comment=fallback(question, 500),
        )
    except SlackApiError as error:
        log.warning("files could not be uploaded: %s", error.response.get("error"))
        return False
    return True
