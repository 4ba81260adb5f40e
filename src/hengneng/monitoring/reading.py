"""Outlets and what they emit as people ask for it: who is on line, what is above its limit, how much left, how sure.

Everything starts from what the reader may see: an outlet is seen by who may see its unit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from hengneng.access import Actor, Verb, require, seen_by
from hengneng.devices.models import Device, DeviceEvent, DeviceRequest, EventKind, Stranger
from hengneng.emissions.series import HOUR
from hengneng.monitoring.hours import Columns, columns_of_all, outlet_hours, pollutants_of
from hengneng.monitoring.limits import limit
from hengneng.monitoring.models import Outlet, OutletDay, OutletFinding, Series, SubstitutedDay
from hengneng.monitoring.records import OutletRecords, records_of_all
from hengneng.monitoring.taking import FLAG, local_offset, start_of_day
from hengneng.readings.store import Store
from hengneng.registry.models import PlaceVersion

ON, OFF, NEVER, WITHOUT = "on", "off", "never", "without"
STATES = (ON, OFF, NEVER, WITHOUT)
SEVERITIES = ("grave", "doubtful", "note")  # of findings, the gravest first
DAY = 86_400
HOURS_OF_A_DAY = 24
# What hours are made of, and what the device itself says of them; other attributes are many and not needed for it.
OF_HOURS = frozenset((("minutes", "Avg"), ("minutes", FLAG), ("hours", "Avg"), ("hours", FLAG)))


@dataclass(frozen=True)
class Presence:
    """Whether a device is on line (``ON``, ``OFF``, ``NEVER`` heard of, ``WITHOUT`` device), since when, last value."""

    state: str
    since: dt.datetime | None
    last: dt.datetime | None


@dataclass(frozen=True)
class Latest:
    """The last value of an outlet, and the last hour in which something was judged, with what was above its limit.

    Times in seconds UTC. ``hour`` is None where nothing could be judged; ``unverified``: a limit of that hour is.
    """

    at: int
    hour: int | None = None
    judged: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    unverified: bool = False


@dataclass(frozen=True)
class MonthOfOutlet:
    """Hours of all pollutants of an outlet in some days, and its findings by severity.

    ``share`` [1] of valid hours is of every hour of those days: days without a frame are hours without a value.
    """

    valid_hours: int = 0
    expected_hours: int = 0
    judged_hours: int = 0
    exceeded_hours: int = 0
    findings: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """Valid hours as a share; None where nothing was expected."""
        return self.valid_hours / self.expected_hours if self.expected_hours else None


@dataclass(frozen=True)
class Load:
    """Mass of a pollutant [kg] that left the outlets which watch it; None where no day is known.

    ``substituted`` is the same with what stands in for missing hours, of ``substituted_days`` known or filled days.
    ``whole``, ``part``, ``none``: outlets whose days are all known, some, none. With ``part`` or ``none`` it is a lower
    bound.
    """

    pollutant: str
    mass: float | None
    whole: int
    part: int
    none: int
    days: int
    expected_days: int
    unverified: bool
    substituted: float | None
    substituted_days: int

    @property
    def outlets(self) -> int:
        """Outlets that watch the pollutant."""
        return self.whole + self.part + self.none

    @property
    def lower_bound(self) -> bool:
        """Whether something is missing in the mass."""
        return bool(self.part or self.none)


# --- who sees what --------------------------------------------------------------------------------------------------


def visible_outlets(actor: Actor) -> QuerySet[Outlet]:
    """Outlets of the units that ``actor`` may see, by identifier."""
    outlets = Outlet.objects.select_related("unit", "device").order_by("identifier")
    return seen_by(actor, outlets, Verb.SEE_UNPUBLISHED, place="unit__place", organisation="unit")


def outlet_seen(actor: Actor, identifier: str) -> Outlet:
    """One outlet. Outlet.DoesNotExist; RefusedAccessError with the reason."""
    found = Outlet.objects.select_related("unit", "device").get(identifier=identifier)
    require(actor, Verb.SEE_UNPUBLISHED, found.unit.place_id, found.unit_id)
    return found


def visible_devices(actor: Actor) -> QuerySet[Device]:
    """Devices of the units that ``actor`` may see, by protocol and name."""
    devices = Device.objects.select_related("unit", "outlet").order_by("protocol", "identifier")
    return seen_by(actor, devices, Verb.SEE_UNPUBLISHED, place="unit__place", organisation="unit")


def askable_devices(actor: Actor) -> set[int]:
    """Keys of the devices that ``actor`` may ask for something; the act itself asks again."""
    devices = seen_by(
        actor, Device.objects.order_by(), Verb.CORRECT_FACTS, place="unit__place", organisation="unit"
    )
    return set(devices.values_list("pk", flat=True))


def visible_events(actor: Actor) -> QuerySet[DeviceEvent]:
    """What doors noticed of these devices, the newest first."""
    events = DeviceEvent.objects.select_related("device").order_by("-at", "-pk")
    return seen_by(actor, events, Verb.SEE_UNPUBLISHED, place="device__unit__place", organisation="device__unit")


def visible_requests(actor: Actor) -> QuerySet[DeviceRequest]:
    """What these devices were asked for, the newest first."""
    requests = DeviceRequest.objects.select_related("device").order_by("-asked_at", "-pk")
    return seen_by(actor, requests, Verb.SEE_UNPUBLISHED, place="device__unit__place", organisation="device__unit")


def visible_strangers(actor: Actor) -> QuerySet[Stranger]:
    """Names that nobody has registered, the latest first: they belong nowhere, so who sees a whole region sees them."""
    found = Stranger.objects.order_by("-last_at")
    regions = PlaceVersion.objects.filter(level="region")
    return found if seen_by(actor, regions, Verb.SEE_UNPUBLISHED).exists() else found.none()


def days_of(outlet: Outlet, first: dt.date, last: dt.date) -> list[OutletDay]:
    """Days of an outlet that was asked for by ``outlet_seen``, the newest first."""
    rows = OutletDay.objects.filter(outlet=outlet, day__range=(first, last))
    return list(rows.order_by("-day", "pollutant"))


def findings_of(outlet: Outlet, first: dt.date, last: dt.date) -> list[OutletFinding]:
    """Findings of an outlet that was asked for by ``outlet_seen``, the gravest first, then the newest."""
    rank = {name: at for at, name in enumerate(SEVERITIES)}
    rows = OutletFinding.objects.filter(outlet=outlet, day__range=(first, last)).order_by("-day", "number", "quantity")
    return sorted(rows, key=lambda row: rank.get(row.severity, len(rank)))


def events_of(device: Device) -> QuerySet[DeviceEvent]:
    """What doors noticed of a device whose outlet was asked for by ``outlet_seen``, the newest first."""
    return DeviceEvent.objects.filter(device=device).order_by("-at", "-pk")


def newest_day_of(outlet: Outlet) -> dt.date | None:
    """The newest day that was added up of an outlet."""
    found: dt.date | None = OutletDay.objects.filter(outlet=outlet).aggregate(d=Max("day"))["d"]
    return found


# --- who is there ---------------------------------------------------------------------------------------------------


def presences(
    devices: Iterable[Device], last_values: Mapping[int, int], now: dt.datetime | None = None
) -> dict[int, Presence]:
    """Presence by key of device. ``last_values``: seconds UTC of the newest value by key of device.

    On line is who was not noticed to leave and has sent a value within twice its interval; a door that stands still
    notices nobody leaving, so that silence counts too.
    """
    now = now or timezone.now()
    wanted = {one.pk: one for one in devices}
    kinds = (EventKind.CONNECTED, EventKind.OFFLINE)
    rows = DeviceEvent.objects.filter(device__in=wanted, kind__in=kinds).order_by()
    events: dict[tuple[int, str], dt.datetime] = {
        (device, kind): at for device, kind, at in rows.values_list("device", "kind").annotate(Max("at"))
    }
    return {
        key: _presence(one, events.get((key, kinds[0])), events.get((key, kinds[1])), last_values.get(key), now)
        for key, one in wanted.items()
    }


def _presence(
    device: Device, connected: dt.datetime | None, offline: dt.datetime | None, value: int | None, now: dt.datetime
) -> Presence:
    last = None if value is None else dt.datetime.fromtimestamp(value, dt.UTC)
    if connected is None and offline is None and last is None:
        return Presence(NEVER, None, None)
    silent = 2 * device.interval if device.interval else limit("seconds_until_silent")
    # A value carries the time at which its interval begins, and comes when it ends.
    heard = max((one for one in (connected, last) if one is not None), default=None)
    left = offline is not None and (connected is None or offline >= connected)
    late = heard is None or (now - heard).total_seconds() > silent + (device.interval or 0)
    if left or late:
        return Presence(OFF, offline if left else last or heard, last)
    return Presence(ON, connected, last)


def latest(store: Store, outlets: Collection[Outlet]) -> dict[int, Latest]:
    """The last value and hour by key of outlet; outlets that have never sent one are left out.

    The newest day of the store is read for all of them, then the last day of each that was silent on it, a few days at
    most (limit days_of_last_values); for what is older still, the last day stands for the value.
    """
    days = store.days_of_points()
    if not days or not outlets:
        return {}
    found: dict[int, Latest] = {}
    said = records_of_all(outlets)
    newest = max(days)
    rows = OutletDay.objects.filter(outlet__in=[one.pk for one in outlets]).order_by()
    added: dict[int, dt.date] = dict(rows.values_list("outlet").annotate(Max("day")))
    asked = {newest, *sorted(set(added.values()) - {newest}, reverse=True)[: limit("days_of_last_values") - 1]}
    for day in sorted(asked, reverse=True):
        waiting = [one for one in outlets if one.pk not in found and (day == newest or added.get(one.pk) == day)]
        start = start_of_day(day)
        for key, columns in columns_of_all(store, waiting, start, start + DAY, OF_HOURS).items():
            outlet = next(one for one in waiting if one.pk == key)
            if (seen := _latest(store, outlet, columns, said[key])) is not None:
                found[key] = seen
    return {**{key: Latest(start_of_day(day) + DAY - 1) for key, day in added.items()}, **found}


def _latest(store: Store, outlet: Outlet, columns: Columns, said: OutletRecords) -> Latest | None:
    means = [one for (period, _, attribute), one in columns.items() if (period, attribute) == ("minutes", "Avg")]
    at = max((int(one.times[-1]) for one in means if len(one.times)), default=None)
    if at is None:
        return None
    end = at // HOUR * HOUR + HOUR
    hours = outlet_hours(store, outlet, end - 2 * HOUR, end, columns, said)
    against = {name: one.against for name, one in hours.pollutants.items() if one.against is not None}
    # The hour that is under way is not over; the one before is judged until it is.
    for index in (1, 0):
        judged = sorted(name for name, one in against.items() if one.judged[index])
        if judged:
            above = tuple(name for name in judged if against[name].exceeded[index])
            unverified = any(against[name].unverified for name in judged)
            return Latest(at, end - (2 - index) * HOUR, tuple(judged), above, unverified)
    return Latest(at)


# --- months ---------------------------------------------------------------------------------------------------------


def newest_day(actor: Actor) -> dt.date | None:
    """The newest day that was added up of any outlet that ``actor`` may see."""
    found: dt.date | None = OutletDay.objects.filter(outlet__in=visible_outlets(actor)).aggregate(d=Max("day"))["d"]
    return found


def days_so_far(first: dt.date, last: dt.date) -> int:
    """Days from ``first`` to ``last`` that have begun."""
    today = (timezone.now() + dt.timedelta(seconds=local_offset())).date()
    return max((min(last, today) - first).days + 1, 0)


def months_of(outlets: Collection[Outlet], first: dt.date, last: dt.date) -> dict[int, MonthOfOutlet]:
    """What the days from ``first`` to ``last`` were like, by key of outlet. Three questions to the database."""
    keys = [one.pk for one in outlets]
    expected = HOURS_OF_A_DAY * days_so_far(first, last)
    rows = OutletDay.objects.filter(outlet__in=keys, day__range=(first, last)).order_by().values_list("outlet")
    sums = {
        key: numbers
        for key, *numbers in rows.annotate(Sum("valid_hours"), Sum("judged_hours"), Sum("exceeded_hours"))
    }
    graves: dict[int, dict[str, int]] = {}
    signs = OutletFinding.objects.filter(outlet__in=keys, day__range=(first, last)).order_by()
    for key, severity, count in signs.values_list("outlet", "severity").annotate(Count("pk")):
        graves.setdefault(key, {})[severity] = count
    watched = watched_pollutants(outlets)
    found = {}
    for key in keys:
        valid, judged, exceeded = sums.get(key, (0, 0, 0))
        found[key] = MonthOfOutlet(
            valid_hours=valid or 0,
            expected_hours=expected * len(watched.get(key, ())),
            judged_hours=judged or 0,
            exceeded_hours=exceeded or 0,
            findings=graves.get(key, {}),
        )
    return found


def watched_pollutants(outlets: Collection[Outlet]) -> dict[int, list[str]]:
    """Pollutants whose minutes the device of an outlet has ever sent, by key of outlet."""
    of_device = {one.device_id: one for one in outlets if one.device_id is not None}
    rows = Series.objects.filter(device__in=of_device, period="minutes", attribute="Avg").order_by("factor")
    found: dict[int, list[str]] = {}
    for device, factor in rows.values_list("device", "factor"):
        outlet = of_device[device]
        pollutant = pollutants_of(outlet.medium).get(factor)
        if pollutant is not None and pollutant != "pH":
            found.setdefault(outlet.pk, []).append(pollutant)
    return found


def loads(outlets: Collection[Outlet], first: dt.date, last: dt.date) -> list[Load]:
    """Mass by pollutant from ``first`` to ``last``, the largest first."""
    days = days_so_far(first, last)
    rows = OutletDay.objects.filter(outlet__in=[one.pk for one in outlets], day__range=(first, last)).order_by()
    sums = {
        (pollutant, key): numbers
        for pollutant, key, *numbers in rows.values_list("pollutant", "outlet").annotate(
            Sum("mass"), Count("mass"), unsure=Count("pk", filter=Q(unverified=True, mass__isnull=False))
        )
    }
    instead = SubstitutedDay.objects.filter(outlet__in=[one.pk for one in outlets], day__range=(first, last)).order_by()
    substitutes = {
        name: (mass or 0.0, count)
        for name, mass, count in instead.values_list("pollutant").annotate(Sum("mass"), Count("mass"))
    }
    watching: dict[str, list[int]] = {}
    for key, names in watched_pollutants(outlets).items():
        for name in names:
            watching.setdefault(name, []).append(key)
    found = [
        _load(name, [sums.get((name, key), (None, 0, 0)) for key in keys], days, *substitutes.get(name, (0.0, 0)))
        for name, keys in watching.items()
    ]
    return sorted(found, key=lambda one: (one.mass is None, -(one.mass or 0), one.pollutant))


def _load(
    pollutant: str, parts: list[tuple[float | None, int, int] | list[float]], days: int, more: float, more_days: int
) -> Load:
    masses = [float(mass) for mass, *_ in parts if mass is not None]
    known = [int(count) for _, count, _ in parts]
    return Load(
        pollutant=pollutant,
        mass=float(np.sum(masses)) if masses else None,
        whole=sum(count >= days > 0 for count in known),
        part=sum(0 < count < days for count in known),
        none=sum(count == 0 for count in known),
        days=sum(known),
        expected_days=days * len(parts),
        unverified=any(unsure for *_, unsure in parts),
        substituted=float(np.sum([*masses, more])) if masses or more_days else None,
        substituted_days=sum(known) + more_days,
    )


def series_of_outlet(outlet: Outlet, period: str = "", factor: str = "") -> list[Series]:
    """Series of the device of an outlet that was asked for by ``outlet_seen``; of one period, one factor, or all."""
    rows = Series.objects.filter(device=outlet.device_id) if outlet.device_id is not None else Series.objects.none()
    if period:
        rows = rows.filter(period=period)
    return list((rows.filter(factor=factor) if factor else rows).order_by("number"))
