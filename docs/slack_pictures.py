"""Takes the pictures of docs/slack.md: `python -m docs.slack_pictures` (needs Chromium and the local Slack).

The demo's data end on the day given here, so that the same pictures come out on any day. The local Slack draws only
blocks of older workspaces, so that is what the door is told it has.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr

from bot.config import load_settings
from demo.opening import with_demo
from docs.pictures import DOCS
from tests.local_slack import ANN, BOT_TOKEN, SECRET, LocalSlack, local_slack, refuse_blocks
from tests.served import Browser
from tests.slack_door import opened

TODAY = "2026-11-22"
QUESTION = "revenue by country last quarter"
# The local Slack's page names blocks of code instead of drawing them, and gives a thread little room.
_DRAW = """
const left = [...arguments[0]];
const named = e => !e.children.length && e.textContent === '[rich_text]';
for (const e of [...document.querySelectorAll('*')].filter(named)) {
  e.outerHTML = '<pre></pre>'.replace('<pre>', '<pre class=drawn>');
}
for (const e of document.querySelectorAll('pre.drawn')) {
  e.textContent = left.shift() ?? '';
  e.style.cssText = 'font:12px/1.4 monospace;background:#f8f8f8;border:1px solid #ddd;border-radius:4px;padding:8px';
}
let pane = [...document.querySelectorAll('aside, section, div')].filter(e => /^Thread/.test(e.textContent)).pop();
while (pane && pane.getBoundingClientRect().height < 600) pane = pane.parentElement;
if (pane) { pane.style.width = pane.style.minWidth = pane.style.flexBasis = '760px'; }
"""
_NEWER = {"data_table", "data_visualization", "table"}


async def main() -> None:
    """Ask over the demo with the shipped student, and take a picture of the answer and of the home page."""
    with tempfile.TemporaryDirectory() as name:
        async with local_slack() as slack:
            slack.answers["chat.update"] = [refuse_blocks(_NEWER)] * 100
            settings = with_demo(load_settings(
                state_dir=Path(name), today=TODAY, slack_bot_token=SecretStr(BOT_TOKEN),
                slack_signing_secret=SecretStr(SECRET), slack_api_url=slack.api,
            ))  # fmt: skip
            async with opened(settings, slack):
                asked = await slack.mention(QUESTION)
                answer = await slack.answer(asked)
                await slack.control("open-home", user=ANN)
                codes = [b["elements"][0]["elements"][0]["text"] for b in answer["blocks"] if b["type"] == "rich_text"]
                await asyncio.to_thread(_take, slack, Path(name), codes)


def _take(slack: LocalSlack, folder: Path, codes: list[str]) -> None:
    browser = Browser(folder)
    try:
        size = {"width": 1500, "height": 1150, "deviceScaleFactor": 1, "mobile": False}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.driver.get(slack.base)
        for title, file in (("sales", "slack-answer.png"), ("mynah", "slack-home.png")):
            browser.wait(".sidebar-item")
            browser.click(browser.button(title, browser.wait(".sidebar")))
            time.sleep(1)
            if title == "sales":
                browser.click(browser.button("repl", browser.wait(".main")))
                time.sleep(1)
            browser.driver.execute_script(_DRAW, codes)
            browser.driver.save_screenshot(str(DOCS / file))
    finally:
        browser.quit()


if __name__ == "__main__":
    asyncio.run(main())
