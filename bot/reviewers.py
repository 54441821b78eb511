"""Who may review pairs: users of a door by their ids there, names with a token on the web page, and the terminal."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import SecretStr

from bot.access import Asker
from bot.config import Settings

TERMINAL = "terminal"


@dataclass(frozen=True)
class Reviewers:
    """`names` are `door:user`; `tokens` are the web page's, by name."""

    names: frozenset[str] = frozenset()
    tokens: Mapping[str, SecretStr] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those that the settings name."""
        web = {f"web:{name}" for name in settings.review_tokens}
        return cls(frozenset(settings.reviewers) | web, settings.review_tokens)

    def __contains__(self, who: Asker) -> bool:
        """Whether this person may review. Who has a terminal here can change the state database anyway."""
        return bool(who.user) and (who.door == TERMINAL or name_of(who) in self.names)

    def by_token(self, token: str) -> str | None:
        """The name of the reviewer whose token this is. Takes as long for a wrong token as for a right one."""
        given, found = token.encode("utf-8", "replace"), None
        for name, known in self.tokens.items():
            if hmac.compare_digest(given, known.get_secret_value().encode()):
                found = name
        return found


def name_of(who: Asker) -> str:
    """The person as verdicts name them."""
    return f"{who.door}:{who.user}"
