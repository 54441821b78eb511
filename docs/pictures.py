"""Takes the pictures of the web page in docs/: `python -m docs.pictures` (needs Chromium and its driver).

The demo's data end on the day given here, so that the same pictures come out on any day.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.served import Browser, Server

DOCS = Path(__file__).resolve().parent
TODAY = "2026-11-22"
DESKTOP = ("web-desktop.png", 1400, 1500, ["Revenue by country this year"])
MOBILE = ("web-mobile.png", 400, 800, ["How many orders did we get last month?", "Top 5 products by revenue this year"])


def main() -> None:
    """Start the page over the demo with the shipped student, ask, and take a picture of each size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = {"MYNAH_STATE_DIR": str(folder / "state"), "MYNAH_TODAY": TODAY, "MYNAH_WEB_PORT": "0"}
        server = Server(os.environ | own | {"PYTHONPATH": str(DOCS.parent)}, folder)
        browser = Browser(folder)
        try:
            for file, width, height, questions in (DESKTOP, MOBILE):
                _take(browser, server.url, DOCS / file, width, height, questions)
        finally:
            browser.quit()
            server.stop()


def _take(browser: Browser, url: str, file: Path, width: int, height: int, questions: list[str]) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.driver.delete_all_cookies()
    browser.open(url)
    browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    for question in questions:
        card = browser.ask(question)
    if width > 1000:
        browser.click(browser.button("SQL", card))
    time.sleep(1)  # for the page to have scrolled
    browser.driver.execute_script("document.activeElement.blur(); scrollTo({top: 0, behavior: 'instant'})")
    time.sleep(0.3)
    browser.driver.save_screenshot(str(file))
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
