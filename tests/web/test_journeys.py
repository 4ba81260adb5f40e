"""What people come for, in a real browser, at a desk and on a phone: pictures of every step are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.desk import Desk

    OpenDesk = Callable[..., Desk]

PLAN = "/plans/xinjiang-2015/"
# Each width does its own duty and its own fact, since both journeys change them.
DUTIES = {"desk": "1.2-carry-over", "phone": "1.2-review"}
# The width makes no difference to the database: both are tried with one of them.
WIDTHS = ["desk", pytest.param("phone", marks=pytest.mark.sqlite)]


@pytest.mark.parametrize("width", WIDTHS)
def test_an_official_sees_who_lags_and_why(desk: OpenDesk, width: str) -> None:
    one = desk("example.region", width)
    one.go("/")
    one.shoot("work")
    one.page.get_by_role("link", name=re.compile("^万元GDP能耗")).first.click()
    one.page.wait_for_url(f"**{PLAN}**")
    one.shoot("standing")
    heading = one.page.locator("#standing h2").first.inner_text()
    assert re.search(r"15 ?个地州市中 ?\d+ ?个落后进度", heading), heading
    assert one.page.locator(".tile, [class*=tile]").count() >= 15
    worst = one.page.locator("table.standing tbody tr").first
    assert "哈密" in worst.inner_text()
    assert one.overflow() <= 0


@pytest.mark.parametrize("width", WIDTHS)
def test_a_duty_is_assigned_to_a_person_and_stands_on_their_first_page(desk: OpenDesk, width: str) -> None:
    region = desk("example.region", width)
    region.go(f"{PLAN}duties/?state=unassigned")
    region.shoot("unassigned")
    rows = region.page.locator("a[href^='/duties/']")
    rows.nth(3 if width == "desk" else 5).click()
    region.page.wait_for_url("**/duties/**")
    address = region.page.url.split("#")[0]
    duty = region.page.locator("h1").inner_text()
    region.page.select_option("#assign-lead", "prefecture-office-652200")
    region.page.locator("#assign-person option[value='example.hami']").wait_for(state="attached")
    region.page.select_option("#assign-person", "example.hami")
    region.page.fill("#assign-reason", "试点先行")
    region.shoot("assigning")
    region.page.locator("#assign button.main").click()
    region.page.locator(".notice").wait_for()
    assert "示例·哈密办公室" in region.page.locator("#who").inner_text()
    region.shoot("assigned")

    hami = desk("example.hami", width)
    hami.go("/")
    hami.shoot("work")
    link = hami.page.locator(f"main a[href='{address[address.index('/duties/'):]}']")
    assert link.count() == 1
    assert duty in link.inner_text()
    link.click()
    hami.page.fill("input[name=per_cent]", "30")
    hami.page.fill("#report-text", "已摸底，正在编制方案。")
    hami.page.locator("button[name=draft]").click()
    hami.page.locator(".notice").wait_for()
    hami.shoot("draft")
    assert hami.page.locator("#report-text").input_value() == "已摸底，正在编制方案。"
    hami.page.locator("form:has(input[name=per_cent]) button.main").click()
    hami.page.locator(".notice").wait_for()
    hami.shoot("reported")

    region.go("/")
    assert region.page.locator(f"main a[href^='{address[address.index('/duties/'):]}#report']").count() == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_a_fact_is_corrected_with_a_reason_and_the_standing_follows(desk: OpenDesk, width: str) -> None:
    period = "2014" if width == "desk" else "2013"
    hami = desk("example.hami", width)
    standing = f"{PLAN}?indicator=energy_intensity&period={period}"
    before = achieved_by(hami, standing)
    hami.go(f"/facts/?place=652200&period={period}")
    hami.shoot("facts")
    hami.page.locator(f"main a[href='/facts/energy_consumption_equivalent/652200/{period}/']").first.click()
    hami.page.wait_for_url(f"**/{period}/")
    hami.shoot("history")
    hami.page.locator(f"a[href$='/{period}/correct/']").first.click()
    hami.page.fill("#field-value", "500.5")
    hami.expected = (400, 422)
    hami.page.locator("#fact-form button[value=preview]").click()
    hami.page.locator(".errors").wait_for()
    hami.shoot("no-reason")
    assert hami.page.locator("#field-value").input_value() == "500.5"
    hami.page.fill("#field-reason", "原报数漏了三家企业")
    hami.page.fill("#field-source", "更正说明")
    hami.page.locator("#fact-form button[value=preview]").click()
    hami.page.locator("#preview").wait_for()
    hami.shoot("preview")
    hami.page.locator("button[value=record]").click()
    hami.page.locator(".notice").wait_for()
    hami.shoot("corrected")
    text = hami.page.locator("main").inner_text()
    assert "原报数漏了三家企业" in text
    assert "示例·哈密办公室" in text or "example.hami" in text
    # The worker computes what depends on it; nobody has to ask for it.
    for _ in range(60):
        if (after := achieved_by(hami, standing)) != before:
            break
        hami.page.wait_for_timeout(500)
    assert after != before
    hami.shoot("standing")


def achieved_by(one: Desk, standing: str) -> str:
    """What 哈密 has achieved, as the standing shows it."""
    one.go(standing)
    row = one.page.locator("table.standing tbody tr", has_text="哈密")
    return row.locator("td.achieved").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_any_number_opens_down_to_its_source(desk: OpenDesk, width: str) -> None:
    one = desk("", width)
    one.go(f"{PLAN}?period=2014&indicator=energy_intensity")
    one.page.locator("table.standing tbody td.achieved a").first.click()
    one.page.wait_for_url("**/figures/*/")
    one.shoot("derivation")
    assert one.page.locator("math").first.is_visible()
    text = one.page.locator("main").inner_text()
    assert "facts.example.csv" in text
    assert "条款" in text or "1.3" in text
    # The link can be sent to a colleague.
    colleague = desk("example.department", width, "en")
    colleague.go(one.page.url)
    assert colleague.page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_language_is_switched_and_kept(desk: OpenDesk, width: str) -> None:
    one = desk("example.region", width)
    one.go(f"{PLAN}duties/")
    one.page.locator("#language").click()
    one.page.wait_for_url("**lang=en**")
    assert one.page.locator("html").get_attribute("lang") == "en"
    one.shoot("english")
    one.go("/")
    assert one.page.locator("h1").inner_text() == "My work"
    one.page.locator("#language").click()
    one.page.wait_for_url("**lang=zh**")
    assert one.page.locator("h1").inner_text() == "我的工作"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_county_clerk_is_refused_the_draft_of_another_prefecture(desk: OpenDesk, width: str) -> None:
    """By page, by interface, by export and by count."""
    region = desk("example.region", width)
    region.go(f"{PLAN}duties/?state=unassigned")
    region.page.locator("a[href^='/duties/']").nth(8 if width == "desk" else 10).click()
    region.page.wait_for_url("**/duties/**")
    address = re.search(r"/duties/\d+/", region.page.url)[0]
    region.page.select_option("#assign-lead", "prefecture-office-652200")
    region.page.locator("#assign button.main").click()
    region.page.locator(".notice").wait_for()
    hami = desk("example.hami", width)
    # The part of 哈密 is what is theirs alone; the duty of the region is seen by every office below.
    hami.go(address)
    hami.page.fill("input[name=per_cent]", "10")
    hami.page.fill("#report-text", "尚未成稿，请勿外传")
    hami.page.locator("button[name=draft]").click()
    hami.page.locator(".notice").wait_for()

    clerk = desk("example.county.changji", width)
    answer = clerk.page.goto(address)
    assert "尚未成稿" not in clerk.page.content()
    clerk.shoot("duty")
    clerk.go("/facts/energy_consumption_equivalent/652200/2014/", 403)
    assert "哈密" in clerk.page.locator("main").inner_text()
    clerk.shoot("refused")
    found = clerk.page.evaluate("fetch('/api/v1/facts/energy_consumption_equivalent/652200/2014').then(r => r.status)")
    assert found == 403
    clerk.expected = (403,)
    listed = clerk.page.evaluate("fetch('/api/v1/facts?place=652200').then(r => r.json())")
    assert json.dumps(listed).count("652200") <= 1
    exported = clerk.page.evaluate("fetch('/facts/facts.csv').then(r => r.text())")
    assert "652200" not in exported
    assert "哈密" not in exported
    assert answer is not None


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stranger_sees_what_is_published_and_is_shown_the_way_in(desk: OpenDesk, width: str) -> None:
    one = desk("", width)
    one.go("/")
    one.shoot("public")
    assert one.page.locator("main a[href^='/plans/']").count() > 0
    for address in ("/facts/", "/log/", "/jobs/", "/people/", "/account/", f"{PLAN}publish/"):
        one.go(address, 403)
        assert one.page.locator("main a[href^='/sign-in/']").count() == 1, address
    one.shoot("refused")
    one.go("/nowhere/", 404)
    one.shoot("not-found")


@pytest.mark.parametrize("width", WIDTHS)
def test_signing_in_wrongly_says_what_to_do(desk: OpenDesk, width: str) -> None:
    one = desk("", width)
    one.go("/sign-in/")
    one.expected = (400,)
    one.page.fill("#identifier", "example.nobody")
    one.page.fill("#password", "wrong")
    one.page.click("button.main")
    one.page.locator(".errors").wait_for()
    assert one.page.locator("#identifier").input_value() == "example.nobody"
    one.shoot("wrong")
