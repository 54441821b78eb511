"""The Review page's way through a queue that is longer than what it fetches at once; no browser is needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.web import review_page
from adapters.web.review_page import ReviewPage
from bot.review import Review


class Shown(ReviewPage):
    """A page that shows nothing."""

    async def _show(self, review: Review) -> None:
        pass


async def test_who_skips_the_last_of_a_batch_sees_what_waits_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [SimpleNamespace(id=number) for number in range(8)]
    review = SimpleNamespace(queue=lambda _, limit: waiting[:limit])
    monkeypatch.setattr(review_page, "_BATCH", 3)
    monkeypatch.setattr(review_page, "ui", SimpleNamespace(
        context=SimpleNamespace(client=SimpleNamespace(is_deleted=False))
    ))  # fmt: skip
    page: Any = Shown(cast(Any, SimpleNamespace(review=lambda: review)), "rita", lambda: None)
    await page._fetch()
    seen = []
    while page._at < len(page._entries):
        seen.append(page._entries[page._at].id)
        await page._move("skip", review)
    assert seen == list(range(8))
