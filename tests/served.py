"""A real `mynah serve --web` as a process, and Chromium to look at its page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.tiny_student import TODAY, Tiny

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,900",
)  # fmt: skip
PATIENCE = 60  # seconds for anything to show up


def environment(tiny: Tiny, state: Path, **more: str) -> dict[str, str]:
    """What a server over the tiny student runs with; port 0 is one that is free."""
    own = {
        "MYNAH_DATABASE_URL": f"sqlite:///{tiny.database}", "MYNAH_STUDENT_DIR": str(tiny.student),
        "MYNAH_STATE_DIR": str(state), "MYNAH_TODAY": str(TODAY), "MYNAH_WEB_PORT": "0", "MYNAH_THREADS": "1",
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MYNAH_")}
    return kept | own | more


class Server:
    """One started server. `seconds` is what it took to serve its page with the bot awake.

    Those are of the processor's time: on a machine that does nothing else a clock shows no more, and on a busy one
    a clock would measure the others.
    """

    def __init__(self, variables: dict[str, str], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "adapters.terminal", "serve", "--web"],
            env=variables, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.warnings: list[str] = []
        self.url = self._address()
        deadline = time.monotonic() + PATIENCE
        while self.health()["status"] == "opening" and time.monotonic() < deadline:
            time.sleep(0.05)
        httpx.get(self.url).raise_for_status()
        spent = psutil.Process(self.process.pid).cpu_times()
        self.seconds = spent.user + spent.system

    def _address(self) -> str:
        """From the line that a server prints when it listens; what it printed before are warnings."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://\S+:\d+", line)
            if found:
                return found[0]
            self.warnings.append(line)
        raise AssertionError("".join(self.warnings))

    def health(self) -> dict[str, Any]:
        """What /healthz says."""
        found: dict[str, Any] = httpx.get(f"{self.url}/healthz").json()
        return found

    def stop(self) -> tuple[int, str]:
        """Ask it to stop; its exit code and the rest of what it printed."""
        self.process.terminate()
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output


@contextmanager
def served(tiny: Tiny, folder: Path, **more: str) -> Iterator[Server]:
    """A server with its state in `folder`."""
    root = Path(__file__).resolve().parent.parent
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    server = Server(environment(tiny, folder / "state", PYTHONPATH=paths, **more), folder)
    try:
        yield server
        _, output = server.stop() if server.process.poll() is None else (0, "")
        assert "Traceback" not in output, output
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


class Browser:
    """Headless Chromium with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        options.binary_location = binary or ""
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        self.downloads = folder / "downloads"
        self.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(self.downloads)}
        )

    def open(self, url: str) -> None:
        """Load the page and wait until questions can be asked."""
        self.driver.get(url)
        self.wait(".composer textarea:enabled")

    def wait(self, css: str, inside: WebElement | None = None) -> WebElement:
        """The first element of that selector that is shown, as soon as there is one."""
        place = inside or self.driver
        find = f"nothing shown matches {css}"
        found: WebElement | None = WebDriverWait(self.driver, PATIENCE, 0.05).until(
            lambda _: next((e for e in place.find_elements(By.CSS_SELECTOR, css) if e.is_displayed()), None), find
        )
        assert found is not None
        return found

    def until(self, condition: Any) -> Any:
        """Wait until a function without arguments returns something true."""
        return WebDriverWait(self.driver, PATIENCE, 0.05).until(lambda _: condition())

    def all(self, css: str, inside: WebElement | None = None) -> list[WebElement]:
        """All elements of that selector."""
        return (inside or self.driver).find_elements(By.CSS_SELECTOR, css)

    def ask(self, question: str) -> WebElement:
        """Type a question, send it with Enter, and wait for the card of its answer."""
        before = len(self.all(".answer"))
        self.wait(".composer textarea:enabled").send_keys(question, Keys.ENTER)
        self.until(lambda: len(self.all(".answer")) > before)
        self.wait(".composer textarea:enabled")
        return self.all(".answer")[-1]

    def click(self, element: WebElement) -> None:
        """Click as a person would, with the element in the middle of the window."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        self.until(lambda: self.driver.execute_script(
            "const r = arguments[0].getBoundingClientRect(), y = r.top; "
            "const same = window.lastTop === y; window.lastTop = y; return same", element,
        ))  # fmt: skip
        element.click()

    def type_over(self, element: WebElement, text: str) -> None:
        """Replace the text of an input."""
        self.click(element)
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(text)

    def button(self, text: str, inside: WebElement) -> WebElement:
        """The shown button whose text or label holds `text`."""
        path = f".//button[contains(., '{text}') or contains(@aria-label, '{text}')]"
        found: WebElement = self.until(
            lambda: next((b for b in inside.find_elements(By.XPATH, path) if b.is_displayed()), None)
        )
        return found

    def requests(self) -> list[str]:
        """Addresses asked for since the last call, WebSockets too, without those of the browser's own pages."""
        addresses = []
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                addresses.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                addresses.append(message["params"]["url"])
        return [a for a in addresses if urlsplit(a).scheme not in ("chrome", "chrome-untrusted", "data", "blob")]

    def _log(self, name: str) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries

    def complaints(self) -> list[str]:
        """Errors in the browser's console since the last call."""
        return [e["message"] for e in self._log("browser") if e["level"] == "SEVERE"]

    def quit(self) -> None:
        """Close the browser."""
        self.driver.quit()
