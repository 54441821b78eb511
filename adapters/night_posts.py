"""Where the nightly report is posted: a Slack channel, a Teams conversation, or both, as the settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from adapters.slack.blocks.texts import fallback, plain
from bot.config import ConfigError, Settings

if TYPE_CHECKING:
    from kd_training.night.report import NightReport
    from kd_training.nightly import Post

_SECTION = 3000  # characters that Slack takes in one block of text


def posts(settings: Settings) -> list[Post]:
    """What tells the doors of a night. Raises ConfigError where a door is named whose keys are not given.

    A door that is closed when the night ends raises; the night goes on, and the log says so.
    """
    found: list[Post] = []
    if settings.slack_report:
        if settings.slack_bot_token is None:
            raise ConfigError("slack_report needs slack_bot_token: the token of the bot that posts there")
        found.append(lambda report: _to_slack(settings, report))
    if settings.teams_report:
        if not settings.teams_app_id and not settings.teams_local:
            raise ConfigError("teams_report needs teams_app_id and teams_app_password: the bot that posts there")
        found.append(lambda report: _to_teams(settings, report))
    return found


def _to_slack(settings: Settings, report: NightReport) -> None:
    from kd_training.night.report import to_text

    assert settings.slack_bot_token is not None
    client = WebClient(settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url, timeout=30)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
    text = to_text(report)
    # Questions of people stand in it: as plain text nothing of them can mention anybody or forge a link.
    client.chat_postMessage(
        channel=settings.slack_report, text=fallback(text.partition("\n")[0]),
        blocks=[{"type": "section", "text": plain(text, _SECTION)}],
        unfurl_links=False, unfurl_media=False,
    )  # fmt: skip


def _to_teams(settings: Settings, report: NightReport) -> None:
    from adapters.teams.proactive import announce
    from kd_training.night.report import to_text

    announce(settings, to_text(report))
