"""What the tutorials have the reader do in the browser, done with the words that stand there in bold."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.desk import PASSWORD
from support.homes import Home, command
from support.ports import free_port
from support.site import _stop, _wait_for
from support.waiting import PATIENCE

from docs.test_tutorial import LANGUAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

# The words of a page do not depend on the database; the commands of the tutorial run on both.
pytestmark = pytest.mark.sqlite

WORDS = {
    "en": {
        "enter": "Set it and go in", "work": "My work", "assign": "Assign", "leave": "Sign out",
        "draft": "Keep as draft", "submit": "Submit", "facts": "Facts", "correct": "Correct",
        "look": "See what will change", "record": "Record the correction", "standings": "Standings",
    },
    "zh": {
        "enter": "设定并进入", "work": "我的工作", "assign": "分派", "leave": "退出", "draft": "存为草稿",
        "submit": "提交", "facts": "数据", "correct": "更正", "look": "查看将有何变化", "record": "确认更正",
        "standings": "完成情况",
    },
}  # fmt: skip


class Reader:
    """Somebody at a browser who presses what the tutorial names."""

    def __init__(self, page: Page, text: str, language: str) -> None:
        self.page, self.text, self.language, self.words = page, text, language, WORDS[language]

    def named(self, key: str) -> str:
        """The words of a button or link, which must stand in the tutorial in bold."""
        assert f"**{self.words[key]}**" in self.text, self.words[key]
        return self.words[key]

    def press(self, key: str, within: str = "body") -> None:
        """Press the button or link of that name."""
        name = re.compile(rf"^\s*{re.escape(self.named(key))}\s*$")
        part = self.page.locator(within)
        found: Locator = part.get_by_role("button", name=name).or_(part.get_by_role("link", name=name))
        found.first.click()

    def enter(self, link: str) -> None:
        """Set a password by a one-time link."""
        self.page.goto(link)
        self.page.fill("#password", PASSWORD)
        self.page.fill("#again", PASSWORD)
        self.press("enter")
        self.page.wait_for_url(re.compile(r"^http://[^/]+/$"))
        # The people of the tutorial read English; the reader of the Chinese one switches.
        self.page.goto(f"{self.page.url}?lang={self.language}")
        self.page.locator("h1", has_text=self.named("work")).wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_browser_part_of_the_tutorial(
    language: str,
    followed: Callable[[str], tuple[Home, list[list[str]]]],
    copy_home: Callable[[Home], Home],
    browser: Browser,
) -> None:
    page_of_tutorial, (done, answers) = LANGUAGES[language], followed(language)
    home, lines = copy_home(done), "\n".join(line for answer in answers for line in answer)
    links = dict(re.findall(r"\(([a-z.]+)\)\s+http://[^/]+(/first-sign-in/\S+)", lines))
    with served_alone(home) as address:
        context = browser.new_context(locale={"en": "en-GB", "zh": "zh-CN"}[language])
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        reader = Reader(page, page_of_tutorial.read_text("utf-8"), language)
        reader.enter(address + links["wang.li"])
        assign(reader)
        reader.enter(address + links["ma.jun"])
        report(reader)
        correct(reader)
        context.close()


@contextmanager
def served_alone(home: Home) -> Iterator[str]:
    """`hengneng serve` for a home, until the block ends."""
    port, log = free_port(), Path(f"{home.folder}.log")
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command("serve", "--port", port),
            cwd=home.folder,
            env=home.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def assign(reader: Reader) -> None:
    """Section 9, the first half."""
    page = reader.page
    page.locator("main a[href*='state=unassigned']").first.click()
    page.locator("main a[href^='/duties/']").first.click()
    page.wait_for_url("**/duties/*/**")
    page.select_option("#assign-lead", "haixi-office")
    page.locator("#assign-person option[value='ma.jun']").wait_for(state="attached")
    page.select_option("#assign-person", "ma.jun")
    reader.press("assign", "#assign")
    page.locator(".notice").wait_for()
    assert "马军" in page.locator("#who").inner_text()
    reader.press("leave", "header")
    page.wait_for_url("**/")


def report(reader: Reader) -> None:
    """Section 9, the second half."""
    page = reader.page
    page.locator("main a[href^='/duties/']").first.click()
    page.fill("#report-per_cent", "30")
    page.fill("#report-text", "已到两个市州现场。")
    reader.press("draft", "#report")
    page.locator(".notice").wait_for()
    reader.press("submit", "#report")
    page.locator(".notice").wait_for()


def correct(reader: Reader) -> None:
    """Section 10."""
    page = reader.page
    reader.press("facts", "header")
    page.locator("main a[href='/facts/energy_intensity_change/632800/2019/']").first.click()
    page.wait_for_url("**/632800/2019/")
    reader.press("correct", "main")
    page.fill("#field-value", "-4.2")
    page.fill("#field-source", "更正函（示例）")
    reader.press("look", "main")
    page.locator(".errors").wait_for()
    assert page.locator("#field-value").input_value() == "-4.2"
    page.fill("#field-reason", "小数点后多一位（示例）")
    reader.press("look", "main")
    page.locator("#preview").wait_for()
    reader.press("record", "main")
    page.locator(".notice").wait_for()
    reader.press("standings", "header")
    page.locator("main a[href^='/plans/three-prefectures/']").first.click()
    page.locator("table.standing tbody tr", has_text=re.compile("海西|Haixi")).get_by_text("4.20").wait_for()
    page.goto(re.sub(r"/plans/.*", "/facts/energy_intensity_change/630100/2019/", page.url))
    assert page.locator("a[href$='/correct/']").count() == 0
