"""A unit with a device and an outlet, a log of deliveries and a store of values of the test's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitoring.frames import BEGIN, MN

from hengneng.deliveries import Arrived, DeliveryLog
from hengneng.readings.store import Store


@pytest.fixture
def unit(db: None) -> Any:
    from hengneng.registry.models import Organisation
    from hengneng.registry.places import ensure_places

    ensure_places({"650100"})
    kind = Organisation.Kind.ENERGY_USING_UNIT
    return Organisation.objects.create(
        identifier="plant", kind=kind, name_zh="甲厂", name_en="Plant A", place_id="650100"
    )


@pytest.fixture
def device(unit: Any) -> Any:
    from hengneng.devices.models import Device, Protocol

    now = dt.datetime.now(dt.UTC)
    return Device.objects.create(protocol=Protocol.HJ212, identifier=MN, unit=unit, recorded_at=now, act="x")


@pytest.fixture
def outlet(unit: Any, device: Any) -> Any:
    from hengneng.monitoring.models import Outlet

    return Outlet.objects.create(
        identifier="DA001", unit=unit, device=device, name_zh="一号", name_en="One", medium="gas", source="test",
        standard="GB 13223-2011", source_kind="coal-boiler-existing", flow_unit="m3/s", act="x",
    )  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DeliveryLog]:
    with DeliveryLog.open(tmp_path / "deliveries") as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "monitoring") as opened:
        yield opened


@pytest.fixture
def deliver(log: DeliveryLog) -> Callable[..., int]:
    """Puts frames into the log, as if they had come ten minutes after the begin of the test's time."""

    def put(*frames: bytes, at: dt.datetime = BEGIN + dt.timedelta(days=30), mn: str = MN) -> int:
        return log.append([Arrived(int(at.timestamp() * 1e6), "hj212", "10.0.0.1:5000", mn, one) for one in frames])

    return put
