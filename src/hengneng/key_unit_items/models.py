"""Registrations of end devices, configurations as they came, items with their meters, and what was set aside."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.devices.models import Device
from hengneng.metering.models import Meter


class Registration(models.Model):
    """The serial number (``deviceId``) that an end device was given, bound to the address that it came from."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="key_unit_registrations")
    address = models.CharField(max_length=60)
    number = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "address"], name="key_unit_one_registration")]

    def __str__(self) -> str:
        return f"{self.device} {self.address}"


class UnitConfiguration(models.Model):
    """A configuration as an end device sent it (JSON), and what was found wrong with it."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="key_unit_configurations")
    received_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    content = models.TextField()
    problems = models.TextField()

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["device", "-id"], name="key_unit_configurations")]

    def __str__(self) -> str:
        return f"{self.device} {self.received_at}"


class ConfiguredItem(models.Model):
    """An item that a device sends, as its latest configuration says, and the meter that its values belong to.

    ``content``: all fields of the configuration (JSON), also those that mean nothing here.
    """

    device = models.ForeignKey(Device, models.PROTECT, related_name="key_unit_items")
    code = models.CharField(max_length=20)
    stat_type = models.CharField(max_length=4)
    scope = models.TextField(blank=True)
    input_type = models.TextField(blank=True)
    name = models.TextField(blank=True)
    unit = models.TextField(blank=True)
    maximum = models.TextField(blank=True)
    minimum = models.TextField(blank=True)
    content = models.TextField()
    meter = models.OneToOneField(Meter, models.PROTECT, related_name="key_unit_item")
    configuration = models.ForeignKey(UnitConfiguration, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "code", "stat_type"], name="key_unit_one_item_a_code")]

    def __str__(self) -> str:
        return f"{self.device} {self.code} {self.stat_type}"


class SetAsideItem(models.Model):
    """An item of data that was kept and not counted, or counts and is doubtful (G215), with the check that says why.

    ``content``: the item as it came (JSON). ``digest`` tells the same item sent again. ``valid``: what its mark says;
    null where nobody knows. ``delivery``: the request in the log of deliveries. ``settled_at``: since when its value
    counts after all.
    """

    device = models.ForeignKey(Device, models.PROTECT, related_name="key_unit_aside")
    digest = models.CharField(max_length=64)
    check_number = models.CharField(max_length=4)
    reason = models.TextField()
    content = models.TextField()
    valid = models.BooleanField(null=True)
    at = models.DateTimeField()
    delivery = models.BigIntegerField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "digest"], name="key_unit_set_aside_once")]
        indexes = [
            models.Index(fields=["device", "check_number"], condition=Q(settled_at=None), name="key_unit_aside")
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.check_number} {self.at}"
