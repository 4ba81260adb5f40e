"""Outlets, the series that their devices send, and what is kept of their days."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hengneng.database.fields import ExactDecimalField
from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.devices.models import Device
from hengneng.registry.models import Organisation


class Outlet(models.Model):
    """A place where waste gas or water leaves a unit, watched by a device.

    ``standard``, ``source_kind``, ``condition`` and ``region`` (general, key) say which limits and which reference
    oxygen hold (tables emission_limits, reference_oxygen). ``state``: whether the device sends gas in the dry standard
    state, as HJ 212 means it, or as it flows. ``flow_unit``: what it sends as flow; many send m3/h.
    """

    class Medium(models.TextChoices):
        GAS = "gas"
        WATER = "water"

    class State(models.TextChoices):
        DRY_STANDARD = "dry_standard"
        AS_FLOWING = "as_flowing"

    class FlowUnit(models.TextChoices):
        CUBIC_METRES_A_SECOND = "m3/s"
        CUBIC_METRES_AN_HOUR = "m3/h"
        LITRES_A_SECOND = "L/s"

    identifier = models.CharField(max_length=60, unique=True)
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="outlets")
    device = models.OneToOneField(Device, models.PROTECT, null=True, related_name="outlet")
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=150)
    medium = models.CharField(max_length=5, choices=Medium.choices)
    standard = models.CharField(max_length=40, blank=True)
    source_kind = models.CharField(max_length=60, blank=True)
    condition = models.CharField(max_length=60, default="none")
    region = models.CharField(max_length=10, default="general")
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRY_STANDARD)
    flow_unit = models.CharField(max_length=4, choices=FlowUnit.choices, blank=True)
    source = models.TextField()
    example = models.BooleanField(default=False)
    act = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.identifier


class Series(models.Model):
    """What the store of values calls ``number``: one attribute of one factor that a device sends for one period.

    ``period``: instant, minutes, hours, days. ``factor``: the code of HJ 212-2017, or as it came where nobody knows it.
    Series ``Flag`` hold the number of the letter (its code point).
    """

    number = models.IntegerField(unique=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="series")
    period = models.CharField(max_length=8)
    factor = models.CharField(max_length=30)
    attribute = models.CharField(max_length=30)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "period", "factor", "attribute"], name="one_series_a_name"),
            models.CheckConstraint(condition=Q(number__gte=1), name="series_numbers_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.period} {self.factor}-{self.attribute}"


class SetAside(models.Model):
    """Something in a delivery that gave no value: which delivery, which item, and the reason by number of the check."""

    delivery = models.BigIntegerField()
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="set_aside")
    item = models.CharField(max_length=100)
    check_number = models.CharField(max_length=4)
    found = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "item"], name="set_aside_once")]
        indexes = [models.Index(fields=["device", "-delivery"], name="set_aside_of_a_device")]

    def __str__(self) -> str:
        return f"{self.delivery} {self.item}"


class MonitoredDay(models.Model):
    """A local day whose outlets were added up; ``change`` is the number of the store's last change that it has seen."""

    day = models.DateField(primary_key=True)
    change = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.day)


class OutletDay(models.Model):
    """What left an outlet of one pollutant on one local day.

    ``mean`` is the day mean of the concentration that limits speak of (gas at reference oxygen where there is one), in
    mg/m3 or mg/L; ``mass`` in kg; null is unknown, and ``mean_reason``, ``mass_reason`` say why. ``valid_hours`` of 24,
    ``judged_hours`` and ``exceeded_hours`` of those against the limit of the hour, ``silent_hours`` without any value.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="days")
    day = models.DateField()
    pollutant = models.CharField(max_length=20)
    mean = models.FloatField(null=True)
    mean_reason = models.CharField(max_length=40, blank=True)
    mass = models.FloatField(null=True)
    mass_reason = models.CharField(max_length=40, blank=True)
    valid_hours = models.PositiveSmallIntegerField()
    judged_hours = models.PositiveSmallIntegerField(null=True)
    exceeded_hours = models.PositiveSmallIntegerField(null=True)
    silent_hours = models.PositiveSmallIntegerField()
    limit = ExactDecimalField(null=True)
    unverified = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outlet", "pollutant", "day"], name="one_outlet_day"),
            models.CheckConstraint(
                condition=Q(mean=None, mean_reason__gt="") | Q(mean__isnull=False, mean_reason=""),
                name="mean_or_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(mass=None, mass_reason__gt="") | Q(mass__isnull=False, mass_reason=""),
                name="mass_or_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(exceeded_hours=None) | Q(exceeded_hours__lte=F("judged_hours")), name="exceeded_were_judged"
            ),
        ]
        indexes = [models.Index(fields=["day", "pollutant"], name="outlets_of_a_day")]

    def __str__(self) -> str:
        return f"{self.outlet} {self.pollutant} {self.day}"


class OutletFinding(models.Model):
    """A sign that data of an outlet are not what was measured, as it was found; ``number`` is that of the rule (F1 …).

    ``evidence``: times (seconds UTC) and values that show it, null where one is missing. The same sign of the same day
    is kept once.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="findings")
    day = models.DateField()
    number = models.CharField(max_length=4)
    quantity = models.CharField(max_length=40)
    severity = models.CharField(max_length=10)
    statistic = models.FloatField()
    threshold = models.FloatField()
    unit = models.CharField(max_length=20)
    begin = models.DateTimeField()
    end = models.DateTimeField()
    evidence = models.JSONField()
    unverified = models.BooleanField()
    found_at = models.DateTimeField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outlet", "day", "number", "quantity", "severity"], name="one_finding_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.outlet} {self.day} {self.number}"
