"""The register of meters, and what they add up to: energy by unit, carrier and day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import F, Q

from hengneng.database.fields import ExactDecimalField
from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.registry.models import Organisation

LARGEST_NUMBER = 2**31 - 1


class Meter(models.Model):
    """A meter or an analyser, from when it was put up to when it was taken away.

    ``number`` is how readings name it. What may change in its life stands in its versions; a meter of another unit,
    kind or carrier is another meter.
    """

    class Kind(models.TextChoices):
        REGISTER = "register"  # counts up; what was used is the difference of two readings
        AMOUNT = "amount"  # each reading is what was used since the one before
        LEVEL = "level"  # a temperature, a concentration: not added up

    number = models.IntegerField(unique=True)
    identifier = models.CharField(max_length=60, unique=True)
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="meters")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REGISTER)
    carrier = models.CharField(max_length=10, blank=True, help_text="Code of table energy_carriers.")
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaces")
    example = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=LARGEST_NUMBER), name="meter_number_fits"),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | ~Q(replaced_by=F("id")), name="meter_replaced_by_another"
            ),
            models.CheckConstraint(condition=Q(kind="level") | ~Q(carrier=""), name="energy_has_a_carrier"),
        ]
        indexes = [models.Index(fields=["carrier", "unit"], name="meters_by_carrier")]

    def __str__(self) -> str:
        return self.identifier

    def version_at(self, moment: dt.datetime) -> MeterVersion | None:
        """What holds at ``moment``; None before the first version."""
        held = self.versions.filter(Q(valid_from=None) | Q(valid_from__lte=moment))
        return held.order_by(F("valid_from").desc(nulls_last=True), "-revision").first()


class MeterVersion(models.Model):
    """What holds of a meter from ``valid_from`` (None: ever since) until the next version begins.

    Versions have no end of their own, so that they can neither overlap nor leave a hole; a meter that was taken away
    has a last version that is not ``in_service``. A version that was wrong is replaced by a ``revision`` of the same
    moment; the highest one holds. Quantities are in ``unit_of_measure``; ``capacity`` per hour, after the ratios.
    ``parent`` is the meter through which what this one measures has come: a meter without one is a main meter, and
    only main meters are added up for the whole unit.
    """

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="versions")
    valid_from = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)
    in_service = models.BooleanField(default=True)
    parent = models.ForeignKey(Meter, models.PROTECT, null=True, related_name="versions_below")
    site = models.CharField(max_length=100, blank=True)
    process = models.CharField(max_length=100, blank=True)
    equipment = models.CharField(max_length=100, blank=True)
    unit_of_measure = models.CharField(max_length=40)
    current_ratio = ExactDecimalField()
    voltage_ratio = ExactDecimalField()
    register_maximum = ExactDecimalField(null=True, help_text="Where the register starts again from zero.")
    interval = models.PositiveIntegerField(help_text="Seconds expected between readings.")
    capacity = ExactDecimalField(null=True)
    own_coefficient = ExactDecimalField(null=True, help_text="kgce per unit of measure, measured by the unit.")
    own_coefficient_source = models.TextField(blank=True)
    source = models.TextField()
    act = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "valid_from", "revision"],
                condition=Q(valid_from__isnull=False),
                name="one_version_a_moment",
            ),
            models.UniqueConstraint(
                fields=["meter", "revision"], condition=Q(valid_from=None), name="one_first_version"
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("meter")), name="version_not_below_its_meter"
            ),
            models.CheckConstraint(condition=Q(interval__gte=1), name="meter_interval_positive"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="meter_revisions_from_one"),
            models.CheckConstraint(
                condition=Q(own_coefficient=None) | ~Q(own_coefficient_source=""), name="own_coefficient_has_a_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} ({self.valid_from or '*'})"


class Calibration(models.Model):
    """A calibration of a meter: when, until when it counts, and the certificate."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="calibrations")
    on = models.DateField()
    valid_until = models.DateField(null=True)
    certificate = models.TextField(blank=True)
    act = models.CharField(max_length=32)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meter", "on"], name="one_calibration_a_day"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("on")), name="calibration_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.on}"


class CoefficientSet(models.Model):
    """The coefficients that turned a quantity into standard coal: rules with their editions, own values of meters.

    ``content`` is a list, one mapping for each that took part (see :class:`hengneng.metering.coefficients.Coal`).
    """

    digest = models.CharField(max_length=64, unique=True)
    content = models.JSONField()
    unverified = models.BooleanField()

    objects = WrittenOnceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest[:12]


class EnergyDay(models.Model):
    """A local day whose energy has been added up. ``basis`` names everything it rests on: the result of the roll-up,
    the register and the coefficients of that day. Where any of them is another one today, the day is stale.
    """

    day = models.DateField(primary_key=True)
    basis = models.CharField(max_length=64)

    def __str__(self) -> str:
        return str(self.day)


class DailyEnergy(models.Model):
    """What one unit used of one carrier on one local day, as its meters say.

    ``process`` empty: the whole unit, from its main meters. ``quantity`` and ``estimated`` are millionths of the
    carrier's unit of metering (see :func:`hengneng.metering.carriers.metering_unit`), ``calorific`` and ``equivalent``
    millionths of a kgce. Null is unknown: no meter was read, or there is no coefficient (the set says why).
    ``meters`` are those in service, ``meters_with_readings`` those with any quantity; ``covered_seconds`` of
    ``expected_seconds`` lie between two readings, ``estimated_seconds`` of them between two that are too far apart;
    ``readings`` of ``expected_readings`` have come, never more of a meter than were due.
    """

    day = models.DateField()
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="daily_energy")
    carrier = models.CharField(max_length=10)
    process = models.CharField(max_length=100, blank=True)
    quantity = models.BigIntegerField(null=True)
    calorific = models.BigIntegerField(null=True)
    equivalent = models.BigIntegerField(null=True)
    meters = models.PositiveIntegerField()
    meters_with_readings = models.PositiveIntegerField()
    covered_seconds = models.BigIntegerField()
    expected_seconds = models.BigIntegerField()
    estimated = models.BigIntegerField()
    estimated_seconds = models.BigIntegerField()
    readings = models.BigIntegerField()
    expected_readings = models.BigIntegerField()
    coefficients = models.ForeignKey(CoefficientSet, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["process", "day", "unit", "carrier"], name="one_energy_a_day"),
            models.CheckConstraint(
                condition=Q(quantity__isnull=False) | Q(calorific=None, equivalent=None), name="no_coal_of_nothing"
            ),
            models.CheckConstraint(
                condition=Q(quantity=None, meters_with_readings=0)
                | Q(quantity__isnull=False, meters_with_readings__gte=1),
                name="quantity_where_meters_were_read",
            ),
            models.CheckConstraint(condition=Q(meters_with_readings__lte=F("meters")), name="meters_read_are_meters"),
        ]
        indexes = [models.Index(fields=["unit", "process", "day"], name="energy_of_a_unit")]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.carrier} {self.process} {self.day}"

    @property
    def coefficient_edition(self) -> list[dict[str, Any]]:
        """The coefficients, with their editions, that led to standard coal."""
        content: list[dict[str, Any]] = self.coefficients.content
        return content

    @property
    def unverified(self) -> bool:
        """Whether any of the coefficients rests on memory."""
        return bool(self.coefficients.unverified)


class ReadingsImport(models.Model):
    """A file of readings that was taken in: what it was, and what became of it."""

    sha256 = models.CharField(max_length=64)
    file_name = models.TextField()
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=100)
    act = models.CharField(max_length=32, unique=True)
    arrival = models.BigIntegerField(null=True, help_text="Batch of the store; null: nothing could be taken.")
    points = models.BigIntegerField()
    refused = models.BigIntegerField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["sha256"], name="readings_by_file")]

    def __str__(self) -> str:
        return self.file_name
