"""The register of devices, and what doors have noticed of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hengneng.database.written_once import WrittenOnceQuerySet
from hengneng.registry.models import Organisation


class Protocol(models.TextChoices):
    """The language that a device speaks, and so the door that it comes through."""

    HJ212 = "hj212"
    KEY_UNIT = "key_unit"
    MQTT = "mqtt"
    HTTP = "http"
    FOLDER = "folder"


class Device(models.Model):
    """A data logger, end device or program of a unit that may send data. ``identifier`` is what it calls itself.

    ``addresses``: networks that it may come from, parted by blanks; empty means anywhere. ``relaxations``: what its
    frames may do against the standard, in the words of the door. ``interval``: seconds between two messages as
    agreed; after twice as long, and a little, it is off line. ``key``: hexadecimal key of its encryption, and before
    ``key_changed_at`` that was ``former_key``; ``secret``: digest of the token that it shows.
    """

    protocol = models.CharField(max_length=10, choices=Protocol.choices)
    identifier = models.CharField(max_length=60)
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="devices")
    name = models.CharField(max_length=100, blank=True)
    addresses = models.TextField(blank=True)
    relaxations = models.TextField(blank=True)
    interval = models.PositiveIntegerField(null=True)
    key = models.CharField(max_length=64, blank=True)
    former_key = models.CharField(max_length=64, blank=True)
    key_changed_at = models.DateTimeField(null=True)
    secret = models.CharField(max_length=64, blank=True)
    active = models.BooleanField(default=True)
    example = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    act = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["protocol", "identifier"], name="one_device_a_name"),
            models.UniqueConstraint(fields=["secret"], condition=~Q(secret=""), name="one_device_a_secret"),
            models.CheckConstraint(condition=Q(interval=None) | Q(interval__gte=1), name="device_interval_positive"),
            models.CheckConstraint(condition=~Q(identifier=""), name="device_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.protocol}:{self.identifier}"


class EventKind(models.TextChoices):
    """What a door may notice of a device."""

    CONNECTED = "connected"
    OFFLINE = "offline"
    SECOND_ADDRESS = "second_address"
    REFUSED_ADDRESS = "refused_address"
    CLOCK_OFF = "clock_off"
    REGIONAL_TIME = "regional_time"
    BAD_FRAMES = "bad_frames"
    INCOMPLETE = "incomplete"
    SET_ASIDE = "set_aside"


class DeviceEvent(models.Model):
    """Something that a door noticed of a device: when, from which address, and what was found."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    at = models.DateTimeField()
    address = models.CharField(max_length=60, blank=True)
    found = models.TextField(blank=True)

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["device", "-at"], name="events_of_a_device")]

    def __str__(self) -> str:
        return f"{self.device} {self.kind} {self.at}"


class Stranger(models.Model):
    """A name that nobody has registered, knocking at a door: from where, how often, and what it last said.

    Its data are not taken; whoever registers the device asks it to send them again.
    """

    protocol = models.CharField(max_length=10, choices=Protocol.choices)
    identifier = models.CharField(max_length=60)
    address = models.CharField(max_length=60)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    knocks = models.PositiveBigIntegerField()
    sample = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["protocol", "identifier", "address"], name="one_stranger_an_address")
        ]

    def __str__(self) -> str:
        return f"{self.protocol}:{self.identifier} {self.address}"


class DeviceRequest(models.Model):
    """Something that somebody asks a device to do: set its clock, send its history again.

    ``command`` and ``parameters`` in the words of its protocol. One at a time is under way with each device.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        ACCEPTED = "accepted"
        DONE = "done"
        REFUSED = "refused"
        UNANSWERED = "unanswered"

    device = models.ForeignKey(Device, models.PROTECT, related_name="requests")
    command = models.CharField(max_length=10)
    parameters = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    number = models.CharField(max_length=20, blank=True, help_text="What the answers name it by (QN of HJ 212).")
    asked_by = models.CharField(max_length=100)
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    act = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(state__in=["sent", "accepted"]), name="one_request_under_way"
            )
        ]
        indexes = [models.Index(fields=["state", "device"], name="requests_waiting")]

    def __str__(self) -> str:
        return f"{self.device} {self.command} {self.state}"
