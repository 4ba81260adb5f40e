"""The roll-up that nobody asks for: due while readings wait, and not after it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from hengneng.metering.tasks import readings_wait, roll_up
from hengneng.readings.points import Points
from hengneng.readings.store import Store

pytestmark = pytest.mark.django_db


def test_due_while_readings_wait_and_not_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> Store:
        return Store.open(tmp_path / "readings")

    monkeypatch.setattr("hengneng.metering.tasks.open_store", opened)
    assert not readings_wait()
    with opened() as store:
        store.append(Points.of([1, 1], [1_780_272_900, 1_780_273_800], [1_000_000, 2_000_000]))
    assert readings_wait()
    assert roll_up(lambda *_: None)["days"] >= 1
    assert not readings_wait()
