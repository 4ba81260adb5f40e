"""What is set aside, kept and settled; the items that are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from hengneng.key_unit_items.limits import limit
from hengneng.key_unit_items.models import ConfiguredItem, SetAsideItem
from hengneng.key_unit_items.sorting import NOT_CONFIGURED, Aside, Range


@dataclass(frozen=True)
class Kept:
    """How many items were new among those set aside, and how many found no room any more."""

    new: int
    without_room: int


def known_meters(device: int) -> dict[tuple[str, str], int]:
    """Numbers of the meters of a device's items, by data code and type of statistics."""
    rows = ConfiguredItem.objects.filter(device=device).values_list("code", "stat_type", "meter__number")
    return {(code, stat_type): number for code, stat_type, number in rows}


def known_ranges(device: int) -> dict[tuple[str, str], Range]:
    """What the values of a device's items may be, by data code and type of statistics."""
    rows = ConfiguredItem.objects.filter(device=device).values_list("code", "stat_type", "minimum", "maximum")
    return {(code, stat_type): Range.of(least, most) for code, stat_type, least, most in rows}


@transaction.atomic
def keep(device: int, aside: Sequence[Aside], delivery: int) -> Kept:
    """Keep items that are not counted; the same again changes nothing. Beyond the limit their number is told."""
    wanted = {one.digest: one for one in aside}
    there = set(
        SetAsideItem.objects.filter(device=device, digest__in=list(wanted)).values_list("digest", flat=True)
        if len(wanted) <= limit("rows_shown")
        else SetAsideItem.objects.filter(device=device).values_list("digest", flat=True)
    )
    fresh = [one for digest, one in wanted.items() if digest not in there]
    if not fresh:
        return Kept(0, 0)
    room = limit("rows_set_aside") - SetAsideItem.objects.filter(device=device, settled_at=None).count()
    now = timezone.now()
    SetAsideItem.objects.bulk_create(
        (
            SetAsideItem(
                device_id=device,
                digest=one.digest,
                check_number=one.problem.number,
                reason=json.dumps(one.problem.to_json(), ensure_ascii=True),
                content=one.content,
                valid=one.valid,
                at=now,
                delivery=delivery,
            )
            for one in fresh[: max(room, 0)]
        ),
        batch_size=limit("rows_shown"),
    )
    return Kept(len(fresh[: max(room, 0)]), len(fresh[max(room, 0) :]))


def waiting_for_configuration(device: int) -> tuple[list[int], list[object]]:
    """Keys and contents of the items that only lacked a configuration, in the order in which they came."""
    rows = SetAsideItem.objects.filter(device=device, check_number=NOT_CONFIGURED, settled_at=None).order_by("pk")
    found = list(rows.values_list("pk", "content"))
    return [key for key, _ in found], [json.loads(content) for _, content in found]


def settle(keys: Sequence[int]) -> None:
    """Note that items count after all; their readings must be on the disk before."""
    step = limit("rows_shown")
    with transaction.atomic():
        for begin in range(0, len(keys), step):
            SetAsideItem.objects.filter(pk__in=keys[begin : begin + step]).update(settled_at=timezone.now())


def deliveries_of(keys: Sequence[int]) -> list[int]:
    """With which request each of these items came, in the order of ``keys``."""
    step, found = limit("rows_shown"), dict[int, int]()
    for begin in range(0, len(keys), step):
        rows = SetAsideItem.objects.filter(pk__in=keys[begin : begin + step])
        found |= dict(rows.values_list("pk", "delivery"))
    return [found[key] for key in keys]


def set_aside_of(device: int) -> list[dict[str, Any]]:
    """The newest items of a device that are set aside or doubtful, as they came, each with its reason."""
    rows = SetAsideItem.objects.filter(device=device, settled_at=None).order_by("-pk")[: limit("rows_shown")]
    return [{"item": readable(one.content), **readable(one.reason)} for one in rows]


def counted() -> list[dict[str, Any]]:
    """How many items are set aside, by device and check."""
    rows = SetAsideItem.objects.filter(settled_at=None).values("device__protocol", "device__identifier", "check_number")
    return [
        {"device": f"{one['device__protocol']}:{one['device__identifier']}", "check": one["check_number"],
         "items": one["items"]}
        for one in rows.annotate(items=Count("pk")).order_by("device__identifier", "check_number")
    ]  # fmt: skip


def readable(content: str) -> Any:
    """JSON that was kept, without halves of characters, which no terminal can show."""
    return json.loads(json.dumps(json.loads(content), ensure_ascii=False).encode("utf-8", "replace"))


def newest() -> list[SetAsideItem]:
    """The newest items that are set aside."""
    rows = SetAsideItem.objects.filter(settled_at=None).select_related("device").order_by("-pk")
    return list(rows[: limit("rows_shown")])
