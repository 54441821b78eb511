"""Rows as a file behind a link: signed, for a day, and with no more in it than its asker may see when it is opened."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from starlette.responses import PlainTextResponse, Response

from adapters.chat_desk import ChatDesk, Found
from adapters.kept_secret import kept_secret
from bot.access import Asker
from bot.csv_file import file_name, to_csv
from bot.feedback import Rejected
from bot.shown import show

PATH = "/teams/files"
HOURS = 24
_HEADERS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
}  # fmt: skip
_OVER = "This link is over. Ask again in Teams, and use the link of the new answer.\n"
_UNKNOWN = "There is no such file.\n"


class Downloads:
    """Makes links and serves what they stand for."""

    def __init__(self, desk: ChatDesk, seconds: int = HOURS * 3600) -> None:
        settings = desk.desk.settings
        self._desk = desk
        self._base = settings.public_url.rstrip("/")
        self._seconds = seconds
        given = settings.link_secret
        secret = given.get_secret_value() if given else _own_secret(settings.state_dir)
        self._signer = URLSafeTimedSerializer(secret, salt="mynah-download")

    def open(self, app: FastAPI) -> None:
        """Serve the files."""
        app.add_api_route(f"{PATH}/{{token}}", self._serve, methods=["GET"])

    def link(self, answer_id: str, asker: Asker) -> str:
        """The address of an answer's rows as the asker may see them; empty where the server has no public address."""
        if not self._base:
            return ""
        told = [answer_id, asker.user, asker.channel, sorted(asker.groups), asker.door]
        return f"{self._base}{PATH}/{self._signer.dumps(told)}"

    def _serve(self, token: str) -> Response:
        """One download, in a thread of its own."""
        try:
            answer_id, user, channel, groups, door = self._signer.loads(token, max_age=self._seconds)
        except SignatureExpired:
            return PlainTextResponse(_OVER, 410, _HEADERS)
        except (BadSignature, ValueError):
            return PlainTextResponse(_UNKNOWN, 404, _HEADERS)
        asker = Asker(user, frozenset(groups), channel, door)
        found = self._desk.find(answer_id, asker)
        made = found if isinstance(found, Rejected) else csv_of(self._desk, found, asker)
        if isinstance(made, Rejected):
            return PlainTextResponse(f"{made.message}\n", 409, _HEADERS)
        name, content = made
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, 200, _HEADERS | disposition, "text/csv; charset=utf-8")


def csv_of(desk: ChatDesk, found: Found, asker: Asker) -> tuple[str, bytes] | Rejected:
    """A file's name and bytes: what the answer's query gives now, as far as the asker may see it."""
    again = desk.run_again(found, asker)
    if isinstance(again, Rejected):
        return again
    bot = desk.desk.at(found.database).bot
    shown = show(again, bot.schema, bot.glossary) if bot is not None else None
    if shown is None:
        return Rejected("no-rows", "That answer has no rows.")
    return file_name(found.answer.question), to_csv(shown.result, shown.columns)


def _own_secret(state_dir: Path) -> str:
    return kept_secret(state_dir / "links.secret", "download links will not hold")
