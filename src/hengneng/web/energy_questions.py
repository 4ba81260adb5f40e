"""What pages of meters are asked for, and who may see them: units by their place, and each unit its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from hengneng.access import Actor, Verb, require, scope_of
from hengneng.language import Text, message
from hengneng.metering.carriers import carriers
from hengneng.metering.models import DailyEnergy, Meter
from hengneng.metering.reading import visible
from hengneng.readings.manifest import Manifest
from hengneng.registry.models import Organisation
from hengneng.rules.tables import rule_table
from hengneng.web.energy_spans import SPANS, WEEK, Span
from hengneng.web.questions import RefusedRequestError, actor_of_request


def reader_of(request: HttpRequest) -> Actor:
    """Who reads. RefusedAccessError for somebody who may see nothing unpublished anywhere."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_UNPUBLISHED).nothing:
        require(actor, Verb.SEE_UNPUBLISHED)
    return actor


def energy_seen(actor: Actor) -> QuerySet[DailyEnergy]:
    """Daily energy of whole units that somebody may see."""
    return visible(actor).filter(process="")


def unit_or_refuse(request: HttpRequest, identifier: str) -> Organisation:
    """A unit that the reader may see. RefusedRequestError 404; RefusedAccessError with the reason."""
    actor = reader_of(request)
    units = Organisation.objects.filter(kind=Organisation.Kind.ENERGY_USING_UNIT)
    found = units.filter(identifier=identifier).first()
    if found is None:
        raise refused("unit", identifier, 404)
    require(actor, Verb.SEE_UNPUBLISHED, found.place_id, found.pk)
    return found


def meter_or_refuse(request: HttpRequest, identifier: str) -> Meter:
    """A meter that the reader may see. RefusedRequestError 404; RefusedAccessError with the reason."""
    actor = reader_of(request)
    found = Meter.objects.select_related("unit", "replaced_by").filter(identifier=identifier).first()
    if found is None:
        raise refused("meter", identifier, 404)
    require(actor, Verb.SEE_UNPUBLISHED, found.unit.place_id, found.unit_id)
    return found


def refused(what: str, found: str, status: int = 400) -> RefusedRequestError:
    """A refusal that leads back to the energy of the region."""
    ways = [(reverse("energy"), message("web.energy.title"))]
    return RefusedRequestError(status, message(f"web.energy.refused.{what}", found=found), ways)


def day_asked(written: str) -> dt.date:
    """A day as YYYY-MM-DD. RefusedRequestError."""
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise refused("day", written) from None


def span_asked(request: HttpRequest, latest: dt.date) -> Span:
    """The span in the address; the week of ``latest`` where none is named. RefusedRequestError."""
    kind, on = request.GET.get("span", WEEK), request.GET.get("on", "")
    if kind not in SPANS:
        raise refused("span", kind)
    try:
        return Span.of(kind, day_asked(on) if on else latest)
    except ValueError:
        raise refused("day", on) from None


def last_day(manifest: Manifest, today: dt.date) -> dt.date:
    """The newest day that has results; else today."""
    return max((day for day, _ in manifest.results), default=today)


def carrier_label(code: str) -> Text:
    """The name of a carrier; the code where the table has none."""
    return carriers().get(code) or Text(zh=code, en=code)


@cache
def rule_names() -> Mapping[str, Text]:
    """Numbers of the rules of validation with their names."""
    return {entry.key["rule"]: entry.label() for entry in reversed(rule_table("reading_validation").entries)}


def rule_measures() -> Mapping[str, str]:
    """Numbers of the rules of validation with what their flags measure (column ``measured``)."""
    return {
        entry.key["rule"]: str(entry.attributes["measured"]) for entry in rule_table("reading_validation").entries
    }


def estimation_method(number: str) -> Text:
    """Number and name of a method of estimation. StopIteration for one that table reading_estimation does not have."""
    label = next(one.label() for one in rule_table("reading_estimation").entries if one.key["method"] == number)
    return Text(zh=f"{number} {label.zh}", en=f"{number} {label.en}")
