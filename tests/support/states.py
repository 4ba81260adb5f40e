"""Pages in the states that an address alone does not show: forms open, errors, work running, something just made.

Each function takes a desk of the person named beside it in ``STATES`` and leaves it at the page.
"""

from __future__ import annotations

import itertools
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from support.waiting import PATIENCE

if TYPE_CHECKING:
    from support.desk import Desk, WorkingSite

# A correction to the value that stands already is refused: none is typed twice.
_corrected = itertools.count(501)

PLAN = "/plans/xinjiang-2015/"
FACT = "/facts/energy_consumption_equivalent/650200/2012/"


# Work does not wait for a browser to look at it: rows in each state are put where the site finds them.
JOBS = """
import datetime as dt, django
django.setup()
from django.utils import timezone
from hengneng.jobs.models import Job
now = timezone.now()
for state, more in (
    ("running", {"done": 40, "total": 100, "phase_zh": "计算结论", "phase_en": "Computing verdicts"}),
    ("done", {"done": 100, "total": 100, "finished_at": now, "address": "/plans/xinjiang-2015/"}),
    ("failed", {"finished_at": now, "failure": "error", "error_id": "0123456789abcdef"}),
):
    began = now - dt.timedelta(seconds=30)
    one = Job.objects.create(
        kind="standing.recompute", label_zh="重算完成情况", label_en="Recompute the standings", parameters={},
        started_by="example.region", state=state, asked_at=began, started_at=began, phase_at=began,
        alive_at=now + dt.timedelta(hours=1), **more,
    )
    print(state, one.pk)
"""


_made: dict[str, dict[str, str]] = {}


def jobs_of(site: WorkingSite) -> dict[str, str]:
    """Numbers of one job in each state, made the first time."""
    if site.address not in _made:
        _made[site.address] = dict(line.split() for line in run_in(site, JOBS).splitlines())
    return _made[site.address]


def run_in(site: WorkingSite, program: str) -> str:
    """Run a few lines of Python on the site's own database and give back what they print."""
    environment = site.home.environment() | {"DJANGO_SETTINGS_MODULE": "hengneng.web.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _open_all(one: Desk) -> None:
    one.page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")


def _sent(one: Desk, button: str) -> None:
    with one.page.expect_navigation():
        one.page.locator(button).first.click()


def _go_to_duty(one: Desk, desk: str, phone: str) -> None:
    """Open the only duty of a clause: each width has its own, since it is changed."""
    one.go(f"{PLAN}duties/")
    clause = phone if "phone" in one.name else desk
    row = one.page.locator("table.duties tr").filter(has=one.page.locator(f"a[href$='#clause-{clause}']"))
    one.go(str(row.locator("th.task a").get_attribute("href")))


def _assign(one: Desk) -> None:
    """Make somebody answer for the duty: what is done for it is reported by those who answer."""
    one.page.select_option("#assign-lead", "regional-leading-group-office")
    _sent(one, "#assign button.main")


def _attach(one: Desk, name: str) -> None:
    document: Any = {"name": name, "mimeType": "text/csv", "buffer": b"measure,value\nx,1\n"}
    one.page.set_input_files("#attach-file", document)
    _sent(one, "form:has(#attach-file) button")


def duty_with_forms(one: Desk, site: WorkingSite) -> None:
    """A duty with a milestone, evidence and a report, every form open."""
    _go_to_duty(one, "7.4", "9.6")
    _assign(one)
    one.page.locator("#milestones summary").last.click()
    one.page.fill("#milestone-title", "完成能耗限额清单")
    one.page.fill("#milestone-due", "2015-10-01")
    _sent(one, "#milestones form:has(#milestone-title) button")
    _attach(one, "evidence.csv")
    if one.page.locator("#report-text").count():
        one.page.fill("#report-per_cent", "30")
        one.page.fill("#report-text", "已完成清单")
        _sent(one, "form:has(#report-text) button.main")
    _open_all(one)


def duty_refused(one: Desk, site: WorkingSite) -> None:
    """A duty whose form was refused: the errors on top, what was typed kept, the places to hand it down to open."""
    _go_to_duty(one, "2.4", "2.5")
    _open_all(one)
    one.expected = (400,)
    _sent(one, "#milestones form:has(#milestone-title) button")
    assert one.page.locator(".errors").count() == 1
    _open_all(one)


def evidence(one: Desk, site: WorkingSite) -> None:
    """A link to evidence gives a file and no page."""
    _go_to_duty(one, "4.3", "6.4")
    _assign(one)
    _open_all(one)
    _attach(one, "download.csv")
    file = one.context.request.get(str(one.page.locator("a[href^='/evidence/']").first.get_attribute("href")))
    assert "attachment" in file.headers["content-disposition"]


def import_result(one: Desk, site: WorkingSite) -> None:
    """What a file of facts has brought: one row taken, one refused."""
    one.go("/facts/import/")
    value = 100 + secrets.randbelow(900)
    rows = (
        "measure,place,period,value,unit,source,reason\n"
        f"energy_consumption_equivalent,650200,2011,{value},10^4 tce,示例来源,示例更正\n"
        "energy_consumption_equivalent,650200,2012,many,10^4 tce,示例来源,示例更正\n"
    )
    one.page.set_input_files("#field-file", {"name": "facts.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    one.page.check("input[name=example]")
    _sent(one, "form.paper button.main")
    assert re.search(r"/facts/import/\w+/$", one.page.url), one.page.url


def fact_refused(one: Desk, site: WorkingSite) -> None:
    """A correction without a reason: errors on top and beside the fields."""
    one.go(f"{FACT}correct/")
    one.page.fill("#field-value", "abc")
    one.expected = (400, 422)
    _sent(one, "button[value=preview]")


def fact_preview(one: Desk, site: WorkingSite) -> None:
    """What a correction will change, before it is recorded."""
    one.go(f"{FACT}correct/")
    one.page.fill("#field-value", str(next(_corrected)))
    one.page.fill("#field-reason", "原报数漏了一家企业")
    one.page.fill("#field-source", "更正说明")
    _sent(one, "button[value=preview]")
    one.page.locator("#preview").wait_for()


def fact_conflict(one: Desk, site: WorkingSite) -> None:
    """Somebody else was quicker with the same fact."""
    fact_preview(one, site)
    _sent(one, "button[value=record]")
    fact_preview(one, site)
    one.page.evaluate("document.querySelector('input[name=revision]').value = '1'")
    one.expected = (409,)
    _sent(one, "button[value=record]")
    assert one.page.locator(".errors").count() == 1


def job(state: str) -> Callable[[Desk, WorkingSite], None]:
    """The page of a job in a state."""

    def show(one: Desk, site: WorkingSite) -> None:
        one.go(f"/jobs/{jobs_of(site)[state]}/")

    return show


def jobs_listed(one: Desk, site: WorkingSite) -> None:
    """The list of jobs with some in it."""
    assert jobs_of(site)
    one.go("/jobs/")


def first_sign_in(one: Desk, site: WorkingSite) -> None:
    """Where a one-time link leads, with two passwords that differ."""
    one.go(site.link_of("example.unit"))
    one.page.fill("#password", "correct horse battery staple")
    one.page.fill("#again", "something else altogether")
    one.expected = (400,)
    _sent(one, "button.main")
    assert one.page.locator(".errors").count() == 1


def sign_in_refused(one: Desk, site: WorkingSite) -> None:
    """Signing in with a name that nobody has."""
    one.go("/sign-in/")
    one.page.fill("#identifier", f"example.nobody{secrets.token_hex(4)}")
    one.page.fill("#password", "wrong")
    one.expected = (400, 403, 429)
    _sent(one, "button.main")


def second_factor(one: Desk, site: WorkingSite) -> None:
    """One's own account while a second factor is being set up."""
    one.go("/account/")
    if not one.page.locator("#code").count():
        _sent(one, "#second-factor button")
    one.page.locator("img.code").wait_for()


def tokens(one: Desk, site: WorkingSite) -> None:
    """A token that has just been issued, shown once."""
    one.go("/account/tokens/")
    one.page.fill("#token-name", "月报程序")
    one.page.locator("#token-verbs input").first.check()
    one.page.fill("#token-days", "30")
    _sent(one, ".tokens-form button")
    one.page.locator(".secret").wait_for()


def person_with_link(one: Desk, site: WorkingSite) -> None:
    """A person for whom a new link was made."""
    one.go("/people/example.auditor/")
    _sent(one, "button[value=link]")
    one.page.locator(".band.link").wait_for()


def forged_form(one: Desk, site: WorkingSite) -> None:
    """403 for a form that is not of this session."""
    one.go("/sign-in/")
    one.page.evaluate("for (const one of document.querySelectorAll('[name=csrfmiddlewaretoken]')) one.value = 'x'")
    one.page.fill("#identifier", "x")
    one.page.fill("#password", "x")
    one.expected = (403,)
    _sent(one, "button.main")


def failure(one: Desk, site: WorkingSite) -> None:
    """500: no page fails on request, so that the answer of the real handler is put in the place of one."""
    from django.test import RequestFactory

    from hengneng.web.views.about import failure as failed

    request = RequestFactory().get("/about/")
    request.language = one.language
    content = failed(request).content.decode()
    one.page.route("**/about/", lambda route: route.fulfill(status=500, content_type="text/html", body=content))
    one.go("/about/", 500)
    one.page.unroute("**/about/")


def derivation(one: Desk, site: WorkingSite) -> None:
    """The proof behind a number of the standing."""
    one.go(f"{PLAN}?period=2014")
    one.go(str(one.page.locator("table.standing tbody td.achieved a").first.get_attribute("href")))


# Devices that send made-up frames have none of these: rows are put where the site finds them.
DEVICES = """
import datetime as dt, django
django.setup()
from django.utils import timezone
from hengneng.devices.models import Device, DeviceEvent, DeviceRequest, EventKind, Protocol
from hengneng.devices.noticing import Knock, note_strangers
now = timezone.now()
note_strangers([Knock(Protocol.HJ212, "88888880000001", "10.1.2.3", now, b"##0076QN=20160801085857223;ST=32;CN=1062")])
one = Device.objects.get(identifier="EXAMPLE0000001")
if not one.events.exists():
    for number, kind in enumerate(EventKind):
        at = dt.datetime(2015, 6, 2, number, tzinfo=dt.UTC)
        DeviceEvent.objects.create(device=one, kind=kind, at=at, address="10.1.2.4:5000", found="7200 s")
    for number, state in enumerate(DeviceRequest.State):
        DeviceRequest.objects.create(
            device=one, command="2061", parameters="BeginTime=20150602000000;EndTime=20150603000000", state=state,
            asked_by="example.region", asked_at=now, answer="ExeRtn=1", act="x",
        ) if state not in ("sent", "accepted") else None
"""


def devices_noticed(one: Desk, site: WorkingSite) -> None:
    """Devices with events and requests, and a stranger who has knocked."""
    run_in(site, DEVICES)
    one.go("/monitoring/devices/")
    assert one.page.locator("#strangers").count() == 1


def outlet_noticed(one: Desk, site: WorkingSite) -> None:
    """A source whose device has a wrong clock and came from a second address; every gap open."""
    run_in(site, DEVICES)
    one.go("/monitoring/ZD-DA001/?month=2015-06")
    _open_all(one)


def device_asked(one: Desk, site: WorkingSite) -> None:
    """A request that was just noted."""
    one.go("/monitoring/devices/")
    one.page.select_option("#ask-command", "1012")
    _sent(one, "form.form button.main")
    assert one.page.locator(".notice").count() == 1


def device_refused(one: Desk, site: WorkingSite) -> None:
    """A request without its times."""
    one.go("/monitoring/devices/")
    one.expected = (400,)
    _sent(one, "form.form button.main")


def keys(one: Desk, site: WorkingSite) -> None:
    """The list of keys."""
    one.go("/about/")
    one.page.evaluate("document.getElementById('keys').showModal()")


# Name of the state, who sits at the desk, name of the address (web/urls.py) that it shows, what leads there.
STATES: tuple[tuple[str, str, str, Callable[[Desk, WorkingSite], None]], ...] = (
    ("derivation", "", "figure", derivation),
    ("keys", "", "about", keys),
    ("first-sign-in", "", "first-sign-in", first_sign_in),
    ("sign-in-refused", "", "sign-in", sign_in_refused),
    ("forged-form", "", "sign-in", forged_form),
    ("failure", "", "about", failure),
    ("duty-with-forms", "example.region", "duty", duty_with_forms),
    ("duty-refused", "example.region", "duty", duty_refused),
    ("evidence", "example.region", "evidence", evidence),
    ("import-result", "example.region", "fact-import-result", import_result),
    ("fact-refused", "example.region", "fact-correct", fact_refused),
    ("fact-preview", "example.region", "fact-correct", fact_preview),
    ("fact-conflict", "example.region", "fact-correct", fact_conflict),
    ("job-running", "example.region", "job", job("running")),
    ("job-done", "example.region", "job", job("done")),
    ("job-failed", "example.region", "job", job("failed")),
    ("jobs", "example.region", "jobs", jobs_listed),
    ("devices-noticed", "example.region", "monitoring-devices", devices_noticed),
    ("outlet-noticed", "example.region", "monitoring-outlet", outlet_noticed),
    ("device-asked", "example.region", "monitoring-devices", device_asked),
    ("device-refused", "example.region", "monitoring-devices", device_refused),
    ("second-factor", "example.region", "account", second_factor),
    ("tokens", "example.region", "tokens", tokens),
    ("person-with-link", "example.administrator", "person", person_with_link),
)
