"""Why a query was not let through: `Rejected` for callers, `Rejection` to unwind the checks that found it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """A query that will not run. `code` is short and kebab-case, `message` a sentence for who asked."""

    code: str
    message: str


class Rejection(Exception):
    """Raised inside the checks; `check` turns it into a `Rejected`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.rejected = Rejected(code, message)
