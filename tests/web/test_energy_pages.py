"""Pages of metered energy: load curves, completeness, meters, totals with coverage, derivations down to readings."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from support.module_data import shared

from hengneng.readings.points import Points, start_of
from hengneng.readings.store import Store
from hengneng.web.energy_charts import HEIGHT, Slot, curve_chart
from hengneng.web.energy_curves import Amount, curve
from hengneng.web.energy_spans import Span

PLANS = Path(__file__).resolve().parents[2] / "plans"
CEMENT, POWER, PETROCHEMICAL = (
    "example-cement-works-hami", "example-power-plant-changji", "example-petrochemical-works-karamay",
)  # fmt: skip
# What the database does is tested in tests/metering; pages do not depend on it.
pytestmark = pytest.mark.sqlite
UNIT = f"/energy/units/{CEMENT}/"
OFFICES = {"region_office": "650000", "prefecture_office": "652200", "auditor": "650000"}
SignIn = Callable[..., Client]


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The example meters with their made-up readings, rolled up, in a store of their own."""
    from hengneng.access import terminal_actor
    from hengneng.metering.example import load_example
    from hengneng.metering.register import import_meters
    from hengneng.metering.rolling import roll_up_readings
    from hengneng.standing.plans import load_plan_folder
    from hengneng.web.views import energy_meters, energy_units

    folder = PLANS / "xinjiang-2015"
    with Store.open(tmp_path_factory.mktemp("store") / "readings") as store:

        def make() -> None:
            load_plan_folder(folder)
            registered = import_meters(folder / "meters.example.csv", actor=terminal_actor(), example=True)
            assert not registered.problems
            assert load_example(store, folder) > 50_000
            assert load_example(store, folder) == 0
            roll_up_readings(store)

        with shared(django_db_blocker, make), pytest.MonkeyPatch.context() as patch:
            for views in (energy_units, energy_meters):
                patch.setattr(views, "readings_store", lambda: store)
            yield store


@pytest.fixture
def sign_in(loaded: Store) -> Iterator[SignIn]:
    """Signs somebody in: ``sign_in("prefecture_office")``, at the place of OFFICES or another."""
    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.roles import Role
    from hengneng.registry.models import Organisation

    def enter(role: str = "region_office", place: str = "", body: str = "", language: str = "zh") -> Client:
        place = place or OFFICES.get(role, "650000")
        organisation = Organisation.objects.filter(identifier=body).first() or Organisation.objects.create(
            identifier=f"body-{role}-{place}", kind="department", name_zh="机构", name_en="Body", place_id=place
        )
        person = Person.objects.create(identifier=f"{role}-{place}".replace("_", "-"), name="某人")
        Appointment.objects.create(
            person=person, role=Role(role), organisation=organisation, valid_from="2000-01-01"
        )
        client = Client(headers={"host": "localhost", "accept-language": language})
        client.force_login(person)
        return client

    with transaction.atomic():
        yield enter
        transaction.set_rollback(True)


def page_of(answer: Any, status: int = 200) -> str:
    text: str = html.unescape(answer.content.decode())
    assert answer.status_code == status, re.sub(r"<[^>]+>|\s+", " ", text)[:600]
    return text


def rows_of(answer: Any) -> list[dict[str, str]]:
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


ADDRESSES = [
    "/energy/", "/energy/?by=carrier&month=2015-01", "/energy/?by=industry&month=2015-01",
    "/energy/?by=unit&month=2015-01&carrier=33", "/energy/?month=2020-01", UNIT, f"{UNIT}?span=day&on=2015-01-20",
    f"{UNIT}?span=month&on=2015-01-20&carrier=01", f"{UNIT}?span=year&on=2015-01-20", f"{UNIT}?span=week&on=2030-01-01",
    f"{UNIT}33/2015-01-20/", "/energy/meters/HS-E-12/", "/energy/meters/DS-E-01/?span=day&on=2015-01-16",
    "/energy/meters/DS-E-01/2015-01-16/", "/energy/meters/HS-C-01/2015-01-26/", "/energy/meters/HS-E-01/2030-01-01/",
]  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_in_both_languages(sign_in: SignIn, address: str, language: str) -> None:
    page = page_of(sign_in(language=language).get(address))
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in page
    assert "web.energy" not in page


def test_the_public_is_asked_to_sign_in(loaded: Store) -> None:
    page = page_of(Client(headers={"host": "localhost"}).get("/energy/"), 403)
    assert "/sign-in/" in page


@pytest.mark.parametrize(
    "address", [f"/energy/units/{POWER}/", f"/energy/units/{POWER}/33/2015-01-20/", "/energy/meters/ZD-E-01/"]
)
def test_an_office_is_refused_the_units_of_another_prefecture(sign_in: SignIn, address: str) -> None:
    client = sign_in("prefecture_office", "652200")
    page_of(client.get(address), 403)
    page_of(client.get(UNIT))


def test_totals_lists_and_files_hold_only_what_one_may_see(sign_in: SignIn) -> None:
    client = sign_in("prefecture_office", "652200")
    page = page_of(client.get("/energy/?by=unit&month=2015-01"))
    assert "示例·哈密水泥厂" in page
    assert "独山子" not in page
    rows = rows_of(client.get("/energy/totals.csv?by=unit&month=2015-01"))
    assert [row["名称"] for row in rows] == ["示例·哈密水泥厂"]
    all_of_it = rows_of(sign_in("region_office").get("/energy/totals.csv?by=unit&month=2015-01"))
    assert len(all_of_it) == 3


def test_a_unit_sees_itself_and_no_other(sign_in: SignIn) -> None:
    client = sign_in("energy_using_unit", body=CEMENT)
    page_of(client.get(UNIT))
    page_of(client.get("/energy/meters/HS-E-01/"))
    page_of(client.get(f"/energy/units/{PETROCHEMICAL}/"), 403)
    assert "独山子" not in page_of(client.get("/energy/?by=unit&month=2015-01"))


@pytest.mark.parametrize(
    ("address", "status", "named"),
    [
        ("/energy/?by=beauty", 400, "beauty"), ("/energy/?month=2015-13", 400, "2015-13"),
        ("/energy/?carrier=99", 404, "99"), ("/energy/units/nobody/", 404, "nobody"), (f"{UNIT}?span=age", 400, "age"),
        (f"{UNIT}?on=yesterday", 400, "yesterday"), (f"{UNIT}?carrier=15", 404, "15"),
        (f"{UNIT}33/2015-02-30/", 400, "2015-02-30"), (f"{UNIT}33/2031-01-01/", 404, "2031-01-01"),
        ("/energy/meters/nothing/", 404, "nothing"), ("/energy/meters/HS-E-01/soon/", 400, "soon"),
        (f"{UNIT}?span=week&on=0001-01-01", 200, ""), (f"{UNIT}?span=week&on=9999-12-31", 400, "9999-12-31"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_a_way_out(
    sign_in: SignIn, address: str, status: int, named: str
) -> None:
    page = page_of(sign_in().get(address), status)
    assert named in page
    assert 'href="/energy/"' in page


def test_made_up_data_say_so_on_every_page_and_in_every_file(sign_in: SignIn) -> None:
    client = sign_in()
    for address in ("/energy/?month=2015-01", UNIT, f"{UNIT}33/2015-01-20/", "/energy/meters/HS-E-01/",
                    "/energy/meters/HS-E-01/2015-01-20/"):  # fmt: skip
        assert "含示例数据：为演示而编造" in page_of(client.get(address))
    for address in ("/energy/totals.csv?by=unit&month=2015-01", f"{UNIT}curve.csv?on=2015-01-20"):
        assert {row["含示例数据"] for row in rows_of(client.get(address))} == {"是"}


def test_parts_add_to_the_whole(sign_in: SignIn) -> None:
    client = sign_in()
    sums = {}
    for by in ("place", "unit", "carrier", "industry"):
        rows = rows_of(client.get(f"/energy/totals.csv?by={by}&month=2015-01"))
        sums[by] = sum(Decimal(row["折标准煤（当量值，tce）"] or 0) for row in rows)
    assert len(set(sums.values())) == 1
    assert sums["place"] > 100_000


def test_a_total_without_all_coefficients_says_that_it_is_a_lower_bound(sign_in: SignIn) -> None:
    """Natural gas has a range and no single value in the rules of 2008: what cannot be turned to coal is not zero."""
    page = page_of(sign_in().get("/energy/?by=unit&month=2015-01"))
    row = next(one for one in page.split("<tr>") if "独山子石化厂" in one)
    assert "≥ " in row
    assert "≥" not in next(one for one in page.split("<tr>") if "哈密水泥厂" in one)
    assert "31 条日数据没有当量值系数" in page


def test_the_energy_of_a_day_adds_up_from_its_main_meters(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"{UNIT}33/2015-01-20/"))
    assert "各表之和与合计相等" in page
    assert "HS-E-01" in page
    # Submeters measure what has come through the main meter.
    assert "HS-E-11" not in page
    assert "GB/T 2589-2008" in page
    assert '/energy/meters/HS-E-01/2015-01-20/' in page


def test_a_day_of_a_meter_opens_down_to_its_readings_and_their_source(sign_in: SignIn, loaded: Store) -> None:
    page = page_of(sign_in().get("/energy/meters/DS-E-01/2015-01-16/"))
    readings = page.split('class="readings"')[1].split("</table>")[0]
    # 96 intervals, and the reading that the day begins with.
    assert readings.count('<th scope="row">') == 97
    assert "清零或换表" in readings
    assert "loads.example.csv" in readings
    assert "points/2015/2015-01-16" in page
    shown = re.search(r"<strong>([\d,.]+)</strong>", page)
    quantities = re.findall(r'<td class="number"[^>]*>([\d,.]+)</td><td class="text">', readings)
    assert shown is not None
    assert sum(Decimal(one.replace(",", "")) for one in quantities) == Decimal(shown[1].replace(",", ""))


def test_an_estimate_names_its_method_and_what_is_missing_its_reason(sign_in: SignIn) -> None:
    client = sign_in()
    hours = page_of(client.get("/energy/meters/ZD-E-01/2015-01-12/")).split('id="hours"')[1]
    assert "E2 邻近读数之间均匀分配" in hours.split("12:00–13:00")[1].split("</tr>")[0]
    assert "E2" not in hours.split("03:00–04:00")[1].split("</tr>")[0]
    hours = page_of(client.get("/energy/meters/HS-E-01/2030-01-01/")).split('id="hours"')[1]
    assert "没有" in hours


def test_what_was_replaced_stays_visible_and_what_waits_is_said(sign_in: SignIn, loaded: Store) -> None:
    from hengneng.metering.models import Meter

    number = Meter.objects.get(identifier="ZD-C-01").number
    moment = start_of(dt.date(2015, 1, 31))
    loaded.append(Points.of([number], [moment], [4_999_000_000]), source="更正 correction")
    page = page_of(sign_in().get("/energy/meters/ZD-C-01/2015-01-30/"))
    assert "这一天有新到的读数尚未汇总" in page
    readings = page.split('class="readings"')[1].split("</table>")[0]
    assert readings.count('class="superseded"') == 1
    assert "4,999" in readings
    assert "更正 correction" in readings


def test_flags_are_listed_with_the_name_of_their_rule(sign_in: SignIn) -> None:
    page = page_of(sign_in().get("/energy/meters/HS-E-12/?on=2015-01-20"))
    flags = page.split('id="flags"')[1].split("</section>")[0]
    assert "V5" in flags
    assert "用量停滞" in flags
    assert flags.count("V17") == 1  # verified until 2014-11-04, and found every day since
    assert "连续 38 个" in flags
    assert "<td>2014-12-19 00:00:00</td><td>2015-01-26 00:00:00</td>" in flags
    # Nobody has checked the thresholds: they say so wherever they are shown.
    mark = '<span class="mark unverified">未核实</span>'
    assert f'<td class="number">82 天</td><td class="number">0 天 {mark}</td>' in flags
    assert f'<td class="number">7 小时</td><td class="number">4 小时 {mark}</td>' in flags
    page = page_of(sign_in("auditor").get("/energy/meters/DS-G-01/?on=2015-01-22"))
    flags = page.split('id="flags"')[1]
    assert "V7" in flags
    assert f'<td class="number">36,581.04 立方米</td><td class="number">5,500.00 立方米 {mark}</td>' in flags  # V6
    department = sign_in("department", "650000")
    page = page_of(department.get("/energy/meters/ZD-E-01/?on=2015-01-20"))
    assert f'<td class="number">1.1 天</td><td class="number">22.5 分钟 {mark}</td>' in page.split('id="flags"')[1]
    page = page_of(department.get("/energy/meters/ZD-E-01/?on=2014-12-31&span=day"))
    assert "V16" in page.split('id="flags"')[1]  # ten months without a reading


def test_the_curve_as_a_file_has_every_slot_and_no_zero_for_the_unknown(sign_in: SignIn) -> None:
    client = sign_in()
    rows = rows_of(client.get(f"/energy/units/{POWER}/curve.csv?span=week&on=2015-01-20&carrier=33"))
    assert len(rows) == 168
    assert all(row["状态"] == "实测" and Decimal(row["用量"]) > 0 for row in rows)
    rows = rows_of(client.get(f"/energy/units/{POWER}/curve.csv?span=year&on=2014-06-01&carrier=33"))
    # Between two registers ten months apart the total is known, and spread: an estimate, and said to be one.
    assert [row["状态"] for row in rows] == ["实测"] + ["含估算"] * 10 + ["实测"]
    rows = rows_of(client.get(f"/energy/units/{POWER}/curve.csv?span=year&on=2015-06-01&carrier=33"))
    assert [row["用量"] == "" for row in rows] == [False] + [True] * 11
    assert rows[5]["状态"] == "缺"


def test_an_outage_is_drawn_as_an_estimate(sign_in: SignIn) -> None:
    rows = rows_of(sign_in().get(f"/energy/units/{POWER}/curve.csv?span=day&on=2015-01-12&carrier=33"))
    assert [row["状态"] for row in rows] == ["实测"] * 6 + ["含估算"] * 18


def test_the_change_against_the_year_before_is_said_only_when_both_are_known(sign_in: SignIn) -> None:
    client = sign_in()
    assert "比上年同期" in page_of(client.get(f"{UNIT}?span=month&on=2015-01-20"))
    assert "比上年同期" not in page_of(client.get(f"{UNIT}?span=month&on=2014-01-20")).split("figcaption")[1]


def test_a_month_by_meters_stands_beside_the_month_as_reported(sign_in: SignIn) -> None:
    from hengneng.access import terminal_actor
    from hengneng.metering.monthly import make_facts

    client = sign_in()
    assert "计量与填报" not in page_of(client.get(f"{UNIT}?span=month&on=2015-01-20"))
    make_facts("2015-01", terminal_actor())
    page = page_of(client.get(f"{UNIT}?span=month&on=2015-01-20"))
    compared = page.split('id="compared"')[1].split("</section>")[0]
    assert "电力消费量" in compared or "用电量" in compared
    assert '<span class="unknown">?</span>' in compared  # nothing was reported
    assert "计量与填报" not in page_of(client.get(f"{UNIT}?span=week&on=2015-01-20"))


def test_the_calendar_tells_whole_days_from_others(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"{UNIT}?on=2015-01-20"))
    calendar = page.split('class="calendar"')[1].split("</table>")[0]
    assert calendar.count('<td class="whole">') == 31
    assert calendar.count("<td") == 12 * 31


def test_as_many_queries_for_a_day_as_for_a_month(sign_in: SignIn, django_assert_max_num_queries: Any) -> None:
    client = sign_in()
    for address, most in ((f"{UNIT}?span=month&on=2015-01-01", 40), ("/energy/?month=2015-01", 30)):
        with django_assert_max_num_queries(most):
            page_of(client.get(address))


# --- without a site ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "on", "first", "last", "before"),
    [
        ("day", "2016-02-29", "2016-02-29", "2016-02-29", "2015-02-28"),
        ("week", "2015-01-01", "2014-12-29", "2015-01-04", "2013-12-30"),
        ("month", "2016-02-10", "2016-02-01", "2016-02-29", "2015-02-01"),
        ("year", "2015-06-01", "2015-01-01", "2015-12-31", "2014-01-01"),
    ],
)
def test_spans(kind: str, on: str, first: str, last: str, before: str) -> None:
    span = Span.of(kind, dt.date.fromisoformat(on))
    assert (str(span.first), str(span.last)) == (first, last)
    earlier = span.year_before()
    assert earlier is not None
    assert str(earlier.first) == before
    later = span.after()
    assert later is not None
    assert later.before() == span


def test_a_slot_that_is_not_known_has_no_bar() -> None:
    def slot(value: str | None, whole: bool = True) -> Slot:
        return Slot("", "", None if value is None else Decimal(value), whole, False, None, "")

    chart = curve_chart([slot("10"), slot(None), slot("0"), slot("5", whole=False)])
    assert chart is not None
    assert [bar.kind for bar in chart.bars] == ["whole", "unknown", "whole", "part"]
    assert [bar.y is None for bar in chart.bars] == [False, True, False, False]
    assert all(0 <= bar.height <= HEIGHT for bar in chart.bars)
    assert chart.bars[0].height == 2 * chart.bars[3].height
    assert curve_chart([slot(None), slot(None)]) is None


def test_a_change_needs_every_slot_of_both_years() -> None:
    day, key = dt.date(2015, 1, 1), (dt.date(2015, 1, 1), 0)
    year_before = (dt.date(2014, 1, 1), 0)

    def line(*known: Any) -> Any:
        amounts = {one: Amount(1_000_000, True, False) for one in known}
        keys = {(d, h): a for (d, _), a in amounts.items() for h in range(24)}
        return curve(Span.of("day", day), lambda span: {k: a for k, a in keys.items() if k[0] == span.first}, str)

    assert line(key, year_before).change == 0
    assert line(key).change is None
    assert line(year_before).change is None
    assert line(year_before).total is None
