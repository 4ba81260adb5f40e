"""The pages in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page whose console must stay silent: the policy forbids what it would complain about."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    assert not complaints


def test_from_the_first_page_to_a_derivation(quiet: Page) -> None:
    quiet.goto("/")
    quiet.get_by_role("link", name=re.compile("自治区2015年")).click()
    quiet.wait_for_url("**/plans/xinjiang-2015/**")
    assert quiet.locator("figure.chart canvas").count() == 1
    quiet.locator("table.standing tbody td.achieved a").first.click()
    quiet.wait_for_url("**/figures/*/")
    assert quiet.locator("math").first.is_visible()
    assert quiet.locator(".step").count() > 3


def test_switching_the_language_keeps_the_page(quiet: Page) -> None:
    quiet.goto("/plans/xinjiang-2015/?period=2013")
    quiet.get_by_role("link", name="English").click()
    quiet.wait_for_url("**/plans/xinjiang-2015/?period=2013&lang=en")
    assert quiet.locator("html").get_attribute("lang") == "en"
    quiet.goto("/about/")
    assert quiet.locator("html").get_attribute("lang") == "en"


def test_sorting_a_column_with_the_keyboard(quiet: Page) -> None:
    quiet.goto("/plans/xinjiang-2015/?period=2014&indicator=energy_intensity")
    quiet.evaluate("window.stillTheSame = true")
    head = quiet.locator("th.achieved")
    for direction, falling in (("ascending", False), ("descending", True)):
        head.get_by_role("link").press("Enter")
        quiet.locator(f"th.achieved[aria-sort={direction}]").wait_for()
        values = [float(cell.get_attribute("data-sort") or "nan") for cell in quiet.locator("tbody td.achieved").all()]
        assert len(values) == 15
        assert values == sorted(values, reverse=falling)
    assert "sort=-achieved" in quiet.url
    assert quiet.evaluate("window.stillTheSame")


def test_switching_the_period_without_a_full_reload(quiet: Page) -> None:
    quiet.goto("/plans/xinjiang-2015/?period=2014")
    quiet.evaluate("window.stillTheSame = true")
    quiet.locator("select[name=period]").select_option("2013")
    quiet.wait_for_url("**period=2013**")
    quiet.locator("#standing > .of", has_text="2013").wait_for()
    assert quiet.evaluate("window.stillTheSame")
    assert "period=2013" in (quiet.locator("#language").get_attribute("href") or "")
    assert quiet.locator("figure.chart canvas").count() == 1
    assert quiet.locator("th.achieved a").first.is_visible()


def test_keys(quiet: Page) -> None:
    quiet.goto("/plans/xinjiang-2015/?period=2014&indicator=energy_intensity")
    quiet.keyboard.press("?")
    assert quiet.locator("dialog#keys").is_visible()
    quiet.keyboard.press("Escape")
    quiet.keyboard.press("/")
    quiet.keyboard.type("哈密")
    quiet.wait_for_url("**q=**")
    assert quiet.evaluate("document.activeElement.id") == "search"
    assert quiet.locator("table.standing tbody tr:visible").count() == 1
    quiet.locator("table.standing td.achieved a").focus()
    quiet.keyboard.press("ArrowRight")
    assert quiet.evaluate("document.activeElement.closest('td').className").startswith("due")
    quiet.keyboard.press("e")
    quiet.wait_for_url("**/figures/*/")


def test_the_keys_do_what_the_list_of_the_page_says(quiet: Page) -> None:
    for address in ("/rules/warning_schemes/", "/plans/xinjiang-2015/document/", "/plans/xinjiang-2015/"):
        quiet.goto(address)
        quiet.keyboard.press("/")
        assert quiet.evaluate("document.activeElement.type") == "search", address
    quiet.goto("/about/")
    quiet.keyboard.press("?")
    assert quiet.locator("dialog#keys kbd:visible").all_inner_texts() == ["?", "Esc"]
    quiet.goto("/rules/warning_schemes/")
    quiet.keyboard.press("?")
    assert quiet.locator("dialog#keys kbd:visible").all_inner_texts() == ["/", "?", "←", "↑", "↓", "→", "Esc"]


def test_the_first_stop_of_the_keyboard_leads_past_the_menu(quiet: Page) -> None:
    quiet.goto("/plans/xinjiang-2015/")
    quiet.keyboard.press("Tab")
    assert quiet.evaluate("document.activeElement.className") == "skip"
    assert quiet.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    quiet.keyboard.press("Enter")
    assert quiet.evaluate("document.activeElement.id") == "content"


def test_the_menu_of_a_phone_opens_without_a_script(browser: Browser, live_site: str) -> None:
    context = browser.new_context(
        java_script_enabled=False, base_url=live_site, locale="zh-CN", viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto("/plans/")
    head = page.locator("header.site").bounding_box()
    assert head is not None
    assert head["height"] <= 60
    assert not page.locator("#menu").is_visible()
    page.locator(".menu-button").click()
    page.locator("#menu a", has_text="关于").click()
    page.wait_for_url("**/about/")
    context.close()


def test_on_a_phone_the_page_fits_and_the_first_column_stays(quiet: Page) -> None:
    quiet.set_viewport_size({"width": 390, "height": 800})
    for address in ("/", "/plans/xinjiang-2015/?period=2014", "/plans/xinjiang-2015/document/", "/about/"):
        quiet.goto(address)
        assert quiet.evaluate("document.documentElement.scrollWidth") <= 390, address
    quiet.goto("/plans/xinjiang-2015/?period=2014&indicator=energy_intensity")
    place = quiet.locator("tbody th.place").first
    before = place.bounding_box()
    quiet.locator(".indicator .scroll").first.evaluate("element => { element.scrollLeft = 300 }")
    after = place.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["x"] - after["x"]) < 1


def test_the_page_works_without_scripts(browser: Browser, live_site: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_site, locale="zh-CN")
    page = context.new_page()
    page.goto("/plans/xinjiang-2015/?period=2014")
    page.locator("select[name=period]").select_option("2013")
    page.locator("form.filters button").click()
    page.wait_for_url("**period=2013**")
    assert page.locator("table.standing").count() == 1
    page.locator("[data-search]").fill("哈密")
    page.locator("form.filters button").click()
    page.wait_for_url("**q=**")
    assert page.locator("table.standing tbody tr").count() == 1
    context.close()
