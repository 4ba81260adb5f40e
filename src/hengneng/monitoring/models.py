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
    state, as HJ 212 means it, or as it flows; then ``air_pressure`` [kPa] of the place stands in where the device does
    not send it. ``flow_unit``: what it sends as flow; many send m3/h. ``gas_per_coal``: dry standard gas of a kgce of
    fuel [m3/kgce], at reference oxygen where there is one, as the unit's own assessment says (``source``).
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
    air_pressure = ExactDecimalField(null=True, help_text="kPa")
    gas_per_coal = ExactDecimalField(null=True, help_text="m3/kgce")
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
    """A local day whose outlets were added up; ``change`` is the number of the store's last change that it has seen.

    ``looked_at``: when signs of fabrication were looked for; that costs more than adding up.
    """

    day = models.DateField(primary_key=True)
    change = models.BigIntegerField()
    looked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.day)


class OutletDay(models.Model):
    """What left an outlet of one pollutant on one local day.

    ``mean`` is the day mean of the concentration that limits speak of (gas at reference oxygen where there is one), in
    mg/m3 or mg/L; ``mass`` in kg; null is unknown, and ``mean_reason``, ``mass_reason`` say why. ``valid_hours`` of 24,
    ``judged_hours`` and ``exceeded_hours`` of those against the limit of the hour, ``silent_hours`` without any value.
    ``above_limit_of_day``: the mean against ``limit_of_day``; null where there is none of the two.
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
    limit_of_day = ExactDecimalField(null=True)
    above_limit_of_day = models.BooleanField(null=True)
    hour_masses = models.JSONField(default=list, help_text="kg of each of the 24 hours, null where it is unknown.")
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


class OperationMark(models.Model):
    """What somebody says of the operation of an outlet for some time, as a word of table emission_marks.

    Given beside the values and often later than they came; the values stay. ``end`` None: until further notice. A mark
    that was wrong is withdrawn, and may be given anew; of those that were not withdrawn no two overlap.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="marks")
    mark = models.CharField(max_length=30)
    begin = models.DateTimeField()
    end = models.DateTimeField(null=True)
    reason = models.TextField()
    source = models.TextField(blank=True)
    said_by = models.CharField(max_length=60)
    act = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end=None) | Q(end__gt=F("begin")), name="mark_forward"),
            models.CheckConstraint(condition=~Q(reason=""), name="mark_has_a_reason"),
        ]
        indexes = [models.Index(fields=["outlet", "begin"], name="marks_of_an_outlet")]

    def __str__(self) -> str:
        return f"{self.outlet} {self.mark} {self.begin}"


class MarkWithdrawal(models.Model):
    """That a mark does not hold and never did, or, with ``from_moment``, not from that moment on."""

    mark = models.OneToOneField(OperationMark, models.PROTECT, related_name="withdrawal")
    from_moment = models.DateTimeField(null=True)
    reason = models.TextField()
    said_by = models.CharField(max_length=60)
    act = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()

    objects = WrittenOnceQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.mark)


class AnalyserCheck(models.Model):
    """A check of an analyser: zero or span drift, or a comparison by hand; table analyser_drift_limits judges it.

    ``quantity``: the pollutant, or ``flow``. ``reading`` is what the analyser showed, ``reference`` the gas or what was
    found by hand, both and ``full_scale`` in the unit of the analyser. A check that was written down wrongly is
    replaced by a ``revision`` of the same moment; the highest one holds.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="checks")
    quantity = models.CharField(max_length=20)
    check_kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    reading = ExactDecimalField()
    reference = ExactDecimalField()
    full_scale = ExactDecimalField(null=True)
    revision = models.PositiveIntegerField(default=1)
    source = models.TextField()
    act = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outlet", "quantity", "check_kind", "at", "revision"], name="one_check_a_moment"
            ),
            models.CheckConstraint(condition=Q(full_scale=None) | Q(full_scale__gt=0), name="full_scale_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.outlet} {self.quantity} {self.check_kind} {self.at}"


class SubstitutedDay(models.Model):
    """What stands in for missing masses of a pollutant on a local day, by the standard of that day; derived, made anew.

    ``mass`` [kg] is the whole day with its substitutes, null where something is still missing (``reason``). ``hours``
    of the day were substituted. ``capture_rate`` [1] is that of the calendar quarter as far as it has come,
    ``quarter_fails``: the data of the quarter fail as a whole.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="substituted_days")
    day = models.DateField()
    pollutant = models.CharField(max_length=20)
    mass = models.FloatField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    hours = models.PositiveSmallIntegerField()
    standard = models.CharField(max_length=40)
    capture_rate = models.FloatField(null=True)
    quarter_fails = models.BooleanField()
    unverified = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outlet", "pollutant", "day"], name="one_substituted_day"),
            models.CheckConstraint(
                condition=Q(mass=None, reason__gt="") | Q(mass__isnull=False, reason=""),
                name="substituted_mass_or_its_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outlet} {self.pollutant} {self.day}"


class OutletFinding(models.Model):
    """A sign that data of an outlet are not what was measured, as it was found; ``number`` is that of the rule (F1 …).

    ``other`` is the outlet beside which it shows, where there is one (F12).
    ``evidence``: times (seconds UTC) and values that show it, null where one is missing. The same sign of the same day
    is kept once.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="findings")
    day = models.DateField()
    number = models.CharField(max_length=4)
    other = models.ForeignKey(Outlet, models.PROTECT, null=True, related_name="+")
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
                fields=["outlet", "day", "number", "quantity", "severity"],
                condition=Q(other=None),
                name="one_finding_a_day",
            ),
            models.UniqueConstraint(
                fields=["outlet", "other", "day", "number", "quantity", "severity"],
                condition=Q(other__isnull=False),
                name="one_finding_beside_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outlet} {self.day} {self.number}"
