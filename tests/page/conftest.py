"""The sandbox in a process of its own, and its page in a real Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0
SIZE = {"width": 1440, "height": 900}
# The first is the same Chromium without windows of its own, at half the work
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Parts of the browser around the page, of which each window would start its own: more work than most pages. Ours are
# told last and so replace Playwright's list, which stands first.
UNUSED = (
    "AimEnabled", "HttpsUpgrades", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints",
    "PaintHolding", "PreconnectToSearch", "Translate",
    "WebUIOmniboxAimPopup", "WebUIOmniboxPopup",
)  # fmt: skip
VISITED = "localStorage.setItem('dmdesk-tour', 'seen')"
Open = Callable[..., "Desk"]


class Desk:
    """The page, driven as people drive it; and the control API behind it, as curl does."""

    def __init__(self, page: Page, control: str) -> None:
        self.page, self.control = page, control
        self.wrong: list[str] = []  # what the console complained of
        page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.phone, self.talk = page.locator("#phone-log"), page.locator("#talk-log")
        self.queue, self.road = page.locator("#queue button"), page.locator(".line")

    def enter(self, hash: str = "") -> Desk:
        """Open the page, live."""
        self.page.goto(f"{self.control}/page/{hash}")
        self._live()
        return self

    def reload(self) -> None:
        """Open it anew."""
        self.page.reload()
        self._live()

    def _live(self) -> None:
        expect(self.page.locator("#live")).to_have_attribute("data-word", "live")

    def write(self, text: str) -> None:
        """Write as the customer whose phone is shown."""
        self.page.fill("#say-text", text)
        self.page.press("#say-text", "Enter")

    def say(self, text: str) -> None:
        """Write, until the bridge has it: two webhooks under way at once may change places."""
        with self.page.expect_response(re.compile("/do$")):
            self.write(text)

    def do(self, words: str) -> None:
        """Choose from the customer's menu."""
        self.page.click("#do")
        self.page.get_by_role("menuitem", name=words, exact=True).click()

    def answer(self, text: str) -> None:
        """Answer as the agent."""
        self.page.fill("#reply-text", text)
        self.page.press("#reply-text", "Enter")

    def attach(self, words: str) -> None:
        """Choose from the agent's menu."""
        self.page.click("#attach")
        self.page.get_by_role("menuitem", name=words, exact=True).click()

    def switch(self, words: str) -> None:
        """Flip a switch of the trouble, once the sandbox has."""
        with self.page.expect_response(re.compile("/trouble$")):
            self.page.get_by_role("switch", name=words, exact=True).click()

    def asked(self, question: str = "Anybody there?") -> None:
        """The customer has written, and the agent sees it."""
        self.say(question)
        expect(self.talk).to_contain_text(question)

    def count(self, name: str) -> Locator:
        """One of the counters."""
        return self.page.locator(f'#proof [data-count="{name}"] dd')

    def proof(self) -> dict[str, Any]:
        """Both sides compared."""
        told: dict[str, Any] = requests.get(f"{self.control}/proof", timeout=30).json()
        return told

    def until_settled(self) -> dict[str, Any]:
        """The comparison, once nothing is under way."""
        expect(self.count("in_flight")).to_have_text("0")
        return self.proof()

    def post(self, path: str, **body: Any) -> Any:
        """What curl would do; whatever it answers."""
        answer = requests.post(self.control + path, json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()


@pytest.fixture(scope="package")
def chromium() -> str:
    """The machine's Chromium. Where there is none a developer's run skips; CI's fails."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("CI has no Chromium: .ci/run installs Debian's where it may")
    if found is None:
        pytest.skip("the page is tried in Chromium, and this machine has none: apt-get install chromium-headless-shell")
    return found


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    # Chromium's own sandbox needs what a container does not give to root; it opens 127.0.0.1 only
    rights = ["--no-sandbox"] if os.geteuid() == 0 else []
    rights += [f"--disable-features={','.join(UNUSED)}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=rights)
        expect.set_options(timeout=PATIENCE_S * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def control(chromium: str) -> Iterator[str]:
    """The control API's address. A process of its own: the other tests have a sandbox in theirs, and it is one app."""
    command = [sys.executable, "-m", "sandbox", "--no-demo", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = None
        while address is None:
            line = process.stdout.readline()
            assert line, "the sandbox ended"
            address = re.search(r"Control API: (http://\S+)", line)
        yield address[1]
        process.terminate()
        process.stdout.read()


@pytest.fixture
def open_page(browser: Browser, control: str) -> Iterator[Open]:
    """Opens the page of an emptied sandbox, as somebody who was there before unless `first_visit`; after the test, no
    console may have complained."""
    empty(control)
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    def open_one(*, first_visit: bool = False, **how: Any) -> Desk:
        contexts.append(browser.new_context(**{"viewport": SIZE, "locale": "en-GB", "color_scheme": "light"} | how))
        contexts[-1].set_default_timeout(PATIENCE_S * 1000)
        if not first_visit:
            contexts[-1].add_init_script(VISITED)
        desks.append(Desk(contexts[-1].new_page(), control))
        return desks[-1]

    yield open_one
    for context in contexts:
        context.close()
    assert [wrong for desk in desks for wrong in desk.wrong] == []


@pytest.fixture
def desk(open_page: Open) -> Desk:
    """The page, light, on a desktop, in English."""
    return open_page().enter()


def empty(control: str) -> None:
    """Nothing said, no trouble, the right time."""
    answer = requests.post(f"{control}/reset", json={}, timeout=60)
    assert answer.ok, answer.text
