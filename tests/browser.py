"""A headless Chromium for tests: the one of the system, without a word to anyone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; ``CHROMIUM`` in the environment names another than the one on the path."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    assert program, "no Chromium: apt-get install chromium, or name one in the environment variable CHROMIUM"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page of the browser, with what it said to the console and what it asked of the network."""

    def __init__(self, browser: Any, width: int, height: int = 900) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    @property
    def width(self) -> int:
        """How wide the document is, in pixels."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))
