"""A desk: a browser with somebody signed in, of a desktop's or a phone's width, that keeps what it saw."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from support.homes import Home
from support.waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

ROOT = Path(__file__).resolve().parents[2]
# Kept after a run; CI may take it from here.
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ALIKE = Path(__file__).with_name("alike.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LONGEST = 5000  # pixels of a picture
WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PASSWORD = "correct horse battery staple"
_LINK = re.compile(r"\((?P<who>[a-z0-9.]+)\)\s+https?://[^/\s]+(?P<path>/first-sign-in/\S+)")


@dataclass
class WorkingSite:
    """A served site whose people sign in by the links that it has printed."""

    address: str
    log: Path
    home: Home
    entered: set[str] = field(default_factory=set)
    # Cookies of everybody who has signed in: signing in is tested by its own journeys, and takes a second each time.
    states: dict[str, Any] = field(default_factory=dict)

    def link_of(self, who: str) -> str:
        """The path of the one-time link printed for somebody. KeyError when there is none."""
        return {found["who"]: found["path"] for found in _LINK.finditer(self.log.read_text("utf-8"))}[who]


@dataclass
class Desk:
    """One browser window. ``faults`` collects what no page may do."""

    page: Page
    context: BrowserContext
    name: str
    language: str = "zh"
    faults: list[str] = field(default_factory=list)
    shots: int = 0
    expected: tuple[int, ...] = ()

    @classmethod
    def open(cls, browser: Browser, site: WorkingSite, test: str, who: str, width: str, language: str) -> Desk:
        """Open a window and sign ``who`` in (nobody when empty)."""
        settings: dict[str, Any] = {"viewport": WIDTHS[width], "locale": LOCALES[language], "base_url": site.address}
        if width == "phone":
            settings |= {"is_mobile": True, "has_touch": True, "device_scale_factor": 2}
        if who in site.states:
            settings["storage_state"] = site.states[who]
        context = browser.new_context(**settings)
        context.set_default_timeout(1000 * PATIENCE)
        name = "-".join(filter(None, (re.sub(r"[^\w.-]+", "_", test), who, width, language)))
        desk = cls(context.new_page(), context, name, language)
        desk._watch(site.address)
        if who:
            # A session may have been ended by a journey that signs out.
            if who not in site.states or context.request.get("/account/").status != 200:
                desk.enter(site, who)
                site.states[who] = context.storage_state()
            # A person's own language would win over that of the window.
            context.add_cookies([{"name": "language", "value": language, "url": site.address}])
        return desk

    def _watch(self, address: str) -> None:
        def asked(url: str) -> None:
            if urlsplit(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(f"{address}/"):
                self.faults.append(f"asked elsewhere: {url}")

        def said(message: ConsoleMessage) -> None:
            # A refused page is itself an error on the console; those that a test expects are no fault.
            foreseen = any(f"status of {status} " in message.text for status in self.expected)
            if message.type in ("error", "warning") and not foreseen:
                self.faults.append(f"{self.page.url}: console: {message.text}")

        self.page.on("request", lambda request: asked(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: script: {error}"))
        self.page.on("console", said)

    def enter(self, site: WorkingSite, who: str) -> None:
        """Sign in: the first time by the printed link, as a person would."""
        if who not in site.entered:
            self.go(site.link_of(who))
            self.page.fill("#password", PASSWORD)
            self.page.fill("#again", PASSWORD)
            site.entered.add(who)
        else:
            self.go("/sign-in/")
            self.page.fill("#identifier", who)
            self.page.fill("#password", PASSWORD)
        self.page.click("button.main")
        self.page.wait_for_url(f"{site.address}/")

    def go(self, path: str, expected: int = 200) -> Response:
        """Open a page; an AssertionError when it answers otherwise than expected."""
        self.expected = (expected,)
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == expected, f"{path}: {answer.status}"
        return answer

    def shoot(self, step: str) -> Path:
        """Keep a picture of the page, of very long ones the first screens: rows of a table are like each other."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.shots += 1
        file = SCREENSHOTS / f"{self.name}-{self.shots:02}-{step}.png"
        size = self.page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip: Any = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], LONGEST)}
        self.page.screenshot(path=file, full_page=True, clip=clip, animations="disabled", scale="css")
        return file

    def violations(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA on this page, of rows of one form two: rule, what is wrong, where."""
        if not AXE.is_file():
            raise AssertionError(f"{AXE} is missing: run make setup")
        # The policy of the page allows no script from elsewhere; this one comes through the debugger.
        self.page.evaluate(AXE.read_text("utf-8"))
        self.page.evaluate(ALIKE.read_text("utf-8"))
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
        )
        self.page.evaluate("putBack()")
        return [
            f"{one['id']}: {one['help']}: " + "; ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:5])
            for one in found["violations"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window; a phone then scrolls sideways."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return found

    def close(self) -> None:
        """Close the window."""
        self.context.close()
