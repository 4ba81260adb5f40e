"""What pages of monitoring are asked for, and the words for what they show: pollutants, factors, flags, hours."""

from __future__ import annotations

import datetime as dt
from functools import cache

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from hengneng.access import Actor, Verb, require, scope_of
from hengneng.emissions.series import HOUR
from hengneng.hj212.codes import data_flag, factor_entry
from hengneng.language import Text, message
from hengneng.monitoring.models import Outlet
from hengneng.monitoring.reading import outlet_seen
from hengneng.readings.limits import limit
from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table
from hengneng.web.energy_spans import MONTH, Span
from hengneng.web.questions import RefusedRequestError, actor_of_request, query_of
from hengneng.web.speech import moment

LONGEST_NUMBER = 15  # digits of a delivery
_HOUR = "%Y-%m-%dT%H"


def reader_of(request: HttpRequest) -> Actor:
    """Who reads. RefusedAccessError for somebody who may see nothing unpublished anywhere."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_UNPUBLISHED).nothing:
        require(actor, Verb.SEE_UNPUBLISHED)
    return actor


def outlet_or_refuse(request: HttpRequest, identifier: str) -> Outlet:
    """An outlet that the reader may see. RefusedRequestError 404; RefusedAccessError with the reason."""
    actor = reader_of(request)
    try:
        return outlet_seen(actor, identifier)
    except Outlet.DoesNotExist:
        raise refused("outlet", identifier, 404) from None


def refused(what: str, found: str, status: int = 400) -> RefusedRequestError:
    """A refusal that leads back to the monitoring of the region."""
    ways = [(reverse("monitoring"), message("web.monitoring.title"))]
    return RefusedRequestError(status, message(f"web.monitoring.refused.{what}", found=found), ways)


def month_asked(request: HttpRequest, newest: dt.date | None) -> Span:
    """The month in the address, else that of the newest day, else this one. RefusedRequestError."""
    written = request.GET.get("month", "")
    if not written:
        return Span.of(MONTH, newest or timezone.localdate())
    try:
        return Span.of(MONTH, _in_time(dt.datetime.strptime(written, "%Y-%m").replace(tzinfo=dt.UTC)).date())
    except ValueError:
        raise refused("month", written) from None


def day_asked(request: HttpRequest, month: Span) -> dt.date | None:
    """The day of the month in the address; None without one. RefusedRequestError."""
    written = request.GET.get("day", "")
    if not written:
        return None
    try:
        found = dt.date.fromisoformat(written)
    except ValueError:
        raise refused("day", written) from None
    if not month.first <= found <= month.last:
        raise refused("day", written)
    return found


def month_links(month: Span, **others: object) -> dict[str, str]:
    """Addresses of the months before and after, for the template."""
    before, after = month.before(), month.after()
    return {
        "before": f"?{query_of(**{**others, 'month': before.title})}" if before else "",
        "after": f"?{query_of(**{**others, 'month': after.title})}" if after else "",
    }


def hour_asked(written: str) -> int:
    """The beginning of an hour written in local time as 2015-06-03T09 [s UTC]. RefusedRequestError."""
    try:
        found = dt.datetime.strptime(written, _HOUR).replace(tzinfo=timezone.get_current_timezone())
        return int(_in_time(found).timestamp()) // HOUR * HOUR
    except ValueError:
        raise refused("hour", written) from None


def _in_time(found: dt.datetime) -> dt.datetime:
    """``found``, if values may be of that year. ValueError: years at the edges of the calendar have no neighbours."""
    if not limit("earliest_year") <= found.year < dt.MAXYEAR:
        raise ValueError(found.year)
    return found


def hour_written(at: int) -> str:
    """The hour that begins at ``at`` [s UTC], as addresses write it."""
    return moment(at).strftime(_HOUR)


@cache
def pollutant_names() -> dict[str, Text]:
    """Names of pollutants (table emission_pollutants)."""
    return {one.key["pollutant"]: one.label() for one in reversed(rule_table("emission_pollutants").entries)}


def pollutant_name(code: str) -> Text:
    """The name of a pollutant or, as findings name them, of a factor; the code where no table has one."""
    if code in pollutant_names():
        return pollutant_names()[code]
    entry = factor_entry(code)
    return entry.label() if entry else message("web.monitoring.water_as_such") if code == "water" else _same(code)


def factor_name(code: str) -> Text:
    """The name of a factor of HJ 212; the code where nobody has defined it."""
    entry = factor_entry(code)
    return entry.label() if entry else _same(code)


def flag_name(letter: str) -> Text:
    """What the flag of a value says; the letter where no row knows it."""
    entry = data_flag(letter) if letter else None
    return entry.label() if entry else _same(letter)


@cache
def finding_names() -> dict[str, Text]:
    """Names of the findings by number (table fabrication_rules)."""
    return {one.key["finding"]: one.label() for one in reversed(rule_table("fabrication_rules").entries)}


def concentration_unit(outlet: Outlet) -> str:
    """The unit of concentrations at an outlet."""
    return "mg/m3" if outlet.medium == Outlet.Medium.GAS else "mg/L"


def row_address(entry: RuleEntry) -> str:
    """The row of a rule table on its page."""
    return f"{reverse('rule-table', args=[entry.table])}?row={entry.row}#row-{entry.row}"


def reason_words(code: str, **values: object) -> Text | None:
    """Why there is no number; None for the empty code."""
    if not code:
        return None
    return message(f"reason.{code}", **values) if values else message(f"monitoring.reason.{code}")


def _same(code: str) -> Text:
    return Text(zh=code, en=code)
