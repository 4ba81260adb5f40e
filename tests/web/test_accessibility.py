"""Every page: WCAG 2.2 AA with axe, nothing wider than its window, no complaint, one language; pictures are kept.

Each page is looked at twice: at a desk in Chinese and on a phone in English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from support.desk import Desk
from support.missing import CI
from support.states import STATES

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from support.desk import WorkingSite

PLAN = "/plans/xinjiang-2015/"
UNIT = "/energy/units/example-cement-works-hami/"
OUTLET = "/monitoring/ZD-DA001/"
PUBLIC = [
    "/", "/plans/", PLAN, f"{PLAN}?indicator=public_energy_per_person", f"{PLAN}?q=nothing-like-it", f"{PLAN}document/",
    "/plans/qinghai-2019/", "/places/652200/", "/places/650102/", "/rules/", "/rules/warning_schemes/",
    "/rules/coal_equivalents/", "/rules/changes/", "/rules/changes/?from=2020-01-01&to=2023-12-31",
    "/rules/formulas/", "/about/", "/sign-in/", "/api/", "/wall/xinjiang-2015/",
]  # fmt: skip
REGION = [
    "/", PLAN, f"{PLAN}?as-of=2030-01-01", f"{PLAN}publish/", f"{PLAN}document/", f"{PLAN}duties/",
    f"{PLAN}duties/?view=grid", f"{PLAN}calendar/", f"{PLAN}calendar/?on=2015-09-01", "/places/652200/", "/facts/",
    "/facts/?place=nowhere", "/facts/new/", "/facts/import/", "/facts/compare/",
    "/facts/energy_consumption_equivalent/652200/2014/",
    "/facts/energy_consumption_equivalent/652200/2014/correct/", "/jobs/?show=all", "/log/", "/log/?who=nobody",
    "/account/", "/account/tokens/", "/energy/", "/energy/?by=carrier&month=2015-01", "/energy/?month=2020-01",
    f"{UNIT}?span=week&on=2015-01-20", f"{UNIT}?span=month&on=2015-01-20&carrier=01", f"{UNIT}33/2015-01-20/",
    "/energy/meters/HS-E-12/?on=2015-01-20", "/energy/meters/DS-E-01/2015-01-16/",
    "/monitoring/", "/monitoring/?state=never", f"{OUTLET}?day=2015-06-03", f"{OUTLET}?month=2020-01",
    "/monitoring/HS-DA001/", "/monitoring/DS-DW001/", f"{OUTLET}SO2/2015-06-03T09/", f"{OUTLET}NOx/2015-06-02T13/",
    f"{OUTLET}SO2/2020-06-03T09/", f"{OUTLET}frames/1/", "/monitoring/devices/",
    f"{OUTLET}mark/", f"{OUTLET}marks/1/withdraw/",
]  # fmt: skip
ADMINISTRATOR = ["/people/", "/people/?q=nobody-like-it", "/people/add/", "/people/example.hami/", "/log/?verify=1"]
REFUSED = {
    "/nowhere/": 404, "/facts/": 403, "/log/": 403, "/plans/nothing/": 404, "/places/999999/": 404,
    f"{PLAN}?period=x": 400, "/monitoring/": 403, "/rules/warning_schemes/?on=x": 400,
}  # fmt: skip
PAGES = [
    *(("", address, 200) for address in PUBLIC),
    *(("example.region", address, 200) for address in REGION),
    *(("example.administrator", address, 200) for address in ADMINISTRATOR),
    *(("", address, status) for address, status in REFUSED.items()),
]

# Addresses that show no page of their own.
NO_PAGES = {
    "standing-csv": "a file", "standing-excel": "a file", "duties-csv": "a file", "duties-excel": "a file",
    "calendar-ics": "a file", "facts-csv": "a file", "facts-excel": "a file", "facts-compare-csv": "a file",
    "fact-import-returned": "a file", "rule-table-csv": "a file", "figure-json": "a file",
    "energy-csv": "a file", "energy-unit-csv": "a file", "openapi": "a file",
    "monitoring-csv": "a file", "monitoring-loads-csv": "a file", "monitoring-hours-csv": "a file",
    "monitoring-ask": "only receives a form",
    "duty-people": "a part of the page of the duty",
    "sign-out": "only receives a form", "account-password": "only receives a form",
    "account-language": "only receives a form", "account-second-factor": "only receives a form",
    "account-sign-out-everywhere": "only receives a form", "token-revoke": "only receives a form",
    "person-change": "only receives a form", "job-cancel": "only receives a form", "job-again": "only receives a form",
}  # fmt: skip
# Answers of the interface are no pages, and the administration is Django's own, for administrators, as it comes.
NOT_OURS = ("api/v", "^api/v", "admin/")

VIEWS = {"desk": "zh", "phone": "en"}

# Pages do not depend on the database: one run is enough, and the browser is slow.
pytestmark = pytest.mark.sqlite

HAN = re.compile(r"[\u4e00-\u9fff]")
# Two of these without any Chinese beside them are a text that nobody has translated. Sources may have titles in both.
LATIN = re.compile(
    r"(?<![\w./-])(the|and|of|with|this|not|from|is|are|was|has|for|each|every|per|between|year|plan|target)(?![\w./-])"
)
TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, inside = node.parentElement;
    const text = node.textContent.trim();
    if (!text || inside.closest("script, style, textarea, code, kbd, math")) continue;
    found.push([inside.closest("[lang]").lang.slice(0, 2), text]);
  }
  return found;
}"""


class Round:
    """Looks at page after page with one window for each person and width: opening windows takes the time."""

    def __init__(self, browser: Browser, site: WorkingSite) -> None:
        self.browser, self.site = browser, site
        self.desks: dict[tuple[str, str], Desk] = {}

    def desk(self, who: str, width: str) -> Desk:
        """The window of somebody, without what pages before have complained about."""
        if (who, width) not in self.desks:
            self.desks[who, width] = Desk.open(self.browser, self.site, "page", who, width, VIEWS[width])
        one = self.desks[who, width]
        one.faults.clear()
        return one

    @staticmethod
    def look(one: Desk, name: str) -> None:
        """Check the page that is open and keep a picture; in CI, where nobody looks at them, only of faults."""
        faults = [*one.violations(), *one.faults, *wrong_language(one)]
        if (wider := one.overflow()) > 0:
            faults.append(f"wider than its window by {wider} px")
        if faults or not CI:
            one.shots = 0
            one.shoot(re.sub(r"[^\w.-]+", "_", name).strip("_") or "home")
        assert not faults, f"{one.page.url}: {faults}"

    def close(self) -> None:
        """Close every window."""
        for one in self.desks.values():
            one.close()


def wrong_language(one: Desk) -> list[str]:
    """Texts that do not stand in the language that the page says they are in."""
    texts: list[tuple[str, str]] = one.page.evaluate(TEXTS)
    return [
        f"Chinese not marked as Chinese: {text[:60]}"
        for language, text in texts
        if language == "en" and HAN.search(text) and text != "中文"
    ] + [
        f"English in Chinese: {text[:60]}"
        for language, text in texts
        if language == "zh" and not HAN.search(text) and len(LATIN.findall(text)) > 1
    ]


@pytest.fixture(scope="module")
def visits(browser: Browser, working_site: WorkingSite) -> Iterator[Round]:
    """One round through the site."""
    made = Round(browser, working_site)
    yield made
    made.close()


@pytest.mark.parametrize("width", VIEWS)
@pytest.mark.parametrize(("who", "address", "status"), PAGES, ids=[f"{who or 'public'}-{at}" for who, at, _ in PAGES])
def test_page(visits: Round, who: str, address: str, status: int, width: str) -> None:
    one = visits.desk(who, width)
    one.go(address, status)
    visits.look(one, f"{who or 'public'}-{address}")


@pytest.mark.parametrize("width", VIEWS)
@pytest.mark.parametrize(
    ("name", "who", "prepare"), [(each[0], each[1], each[3]) for each in STATES], ids=[each[0] for each in STATES]
)
def test_page_in_a_state(
    visits: Round, name: str, who: str, prepare: Callable[[Desk, WorkingSite], None], width: str
) -> None:
    one = visits.desk(who, width)
    prepare(one, visits.site)
    visits.look(one, f"state-{name}")


def test_every_page_is_looked_at() -> None:
    seen = {resolve(urlsplit(address).path).url_name for _, address, status in PAGES if status == 200}
    seen |= {name for _, _, name, _ in STATES}
    assert _names(get_resolver().url_patterns) - NO_PAGES.keys() == seen


def _names(patterns: list[URLPattern | URLResolver]) -> set[str | None]:
    ours = [one for one in patterns if not str(one.pattern).startswith(NOT_OURS)]
    return {one.name for one in ours if isinstance(one, URLPattern)}


def test_the_checker_finds_what_is_wrong(visits: Round) -> None:
    one = visits.desk("", "phone")
    one.go("/about/")
    wrong = '<input><img src="/x.svg"><p>能耗</p>'
    one.page.evaluate(f"document.querySelector('main').insertAdjacentHTML('beforeend', '{wrong}')")
    one.expected = (404,)
    assert {found.split(":")[0] for found in one.violations()} >= {"label", "image-alt"}
    assert wrong_language(one) == ["Chinese not marked as Chinese: 能耗"]


def test_the_checker_finds_what_is_wrong_in_one_row_of_many(visits: Round) -> None:
    one = visits.desk("", "phone")
    one.go("/about/")
    rows = ["<tr><th scope='row'>2015</th><td><a href='/about/'>about</a></td></tr>"] * 60
    rows[40] = rows[40].replace(">about<", "><")
    table = f"<table><tbody>{''.join(rows)}</tbody></table>"
    one.page.evaluate(f"""document.querySelector('main').insertAdjacentHTML('beforeend', "{table}")""")
    before = one.page.evaluate("document.body.innerHTML")
    assert [found.split(":")[0] for found in one.violations()] == ["link-name"]
    assert one.page.evaluate("document.body.innerHTML") == before, "the page is as it was"
