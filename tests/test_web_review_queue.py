"""The Review page: its way through a long queue, and whose it is for how long; no browser is needed."""

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


@pytest.fixture
def nothing_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace(is_deleted=False)
    monkeypatch.setattr(review_page, "ui", SimpleNamespace(context=SimpleNamespace(client=client)))


@pytest.mark.usefixtures("nothing_drawn")
async def test_who_skips_the_last_of_a_batch_sees_what_waits_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [SimpleNamespace(id=number) for number in range(8)]
    review = SimpleNamespace(queue=lambda _, limit: waiting[:limit])
    monkeypatch.setattr(review_page, "_BATCH", 3)
    page: Any = Shown(cast(Any, SimpleNamespace(review=lambda: review)), "rita", lambda: None)
    await page._fetch()
    seen = []
    while page._at < len(page._entries):
        seen.append(page._entries[page._at].id)
        await page._move("skip", review)
    assert seen == list(range(8))


@pytest.mark.usefixtures("nothing_drawn")
async def test_a_page_that_is_still_open_decides_nothing_once_its_reviewer_left() -> None:
    left: list[bool] = []
    page: Any = Shown(cast(Any, None), "rita", lambda: left.append(True), lambda: False)
    page._card = SimpleNamespace(entry=SimpleNamespace(id=1))
    await page._act("approve", "")
    await page._again()
    assert left == [True, True]
