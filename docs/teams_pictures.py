"""Takes the pictures of the Teams cards in docs/: `python -m docs.teams_pictures` (as root, with Chromium and npm)."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.common.by import By

from tests.own_network import own_network
from tests.served import Browser
from tests.teams_playground import Playground, is_answer, playground

DOCS = Path(__file__).resolve().parent
OWN = {"MYNAH_TODAY": "2026-11-22", "MYNAH_THRESHOLD": "0.7"}  # so that the second one is unsure
ANSWER = ("teams-answer.png", "revenue by country last quarter", True)
UNSURE = ("teams-unsure.png", "who are our best customers?", False)
# What the Playground says of itself, and the room that its panels take.
_HIDE = """
for (const each of document.querySelectorAll('*'))
  if (each.children.length === 0 && each.textContent.startsWith('Full width control')) each.parentElement.remove();
"""


def main() -> None:
    """Ask in a Playground over the demo, and keep what its page shows."""
    with TemporaryDirectory() as name, own_network(), playground(Path(name), OWN) as teams:
        browser = Browser(Path(name))
        try:
            browser.driver.set_window_size(1400, 1700)
            browser.driver.get(teams.url)
            browser.wait("[contenteditable=true]")
            for picture in (ANSWER, UNSURE):
                _take(browser, teams, *picture)
        finally:
            browser.quit()


def _take(browser: Browser, teams: Playground, file: str, question: str, with_sql: bool) -> None:
    teams.say(teams.personal, question)
    teams.answer(teams.personal, is_answer)
    time.sleep(3)  # for the page to have drawn it
    if with_sql:
        browser.all("button[aria-label=SQL]")[-1].click()
        time.sleep(1)
    browser.driver.execute_script(_HIDE)
    card = browser.driver.find_elements(By.CSS_SELECTOR, ".ac-adaptiveCard")[-1]
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", card)
    time.sleep(1)
    card.screenshot(str(DOCS / file))
    print(f"{DOCS / file}: {(DOCS / file).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
