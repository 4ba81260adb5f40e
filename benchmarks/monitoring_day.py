"""Adding up a day of outlets: means, validity, masses and limits, with and without the look for signs.

    .venv/bin/python benchmarks/monitoring_day.py [--outlets 10] [--rounds 3]

A value a minute of ten quantities and six attributes each, for the seven days that signs are looked for in. CPU seconds
an outlet; the floor reads the same values from the same store and takes the mean of every hour, with NumPy, once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import tempfile
import time

DAY, MINUTE, HOUR = 86_400, 60, 3600
WATCHED = dt.date(2026, 6, 7)
FACTORS = ("a21026", "a21002", "a34013", "a19001", "a00000", "a01012", "a01013", "a01014", "a21005", "a21003")
ATTRIBUTES = ("Min", "Avg", "Max", "Cou", "Flag", "ZsAvg")
MICRO = 1_000_000


def make(count: int) -> None:
    """Outlets with their values in the store."""
    import numpy as np

    from hengneng.devices.models import Device, Protocol
    from hengneng.monitoring.limits import limit
    from hengneng.monitoring.models import Outlet, Series
    from hengneng.monitoring.storing import measured_values
    from hengneng.monitoring.taking import start_of_day
    from hengneng.readings.points import Points
    from hengneng.registry.models import Organisation
    from hengneng.registry.places import ensure_places

    ensure_places({"650100"})
    names = {"name_zh": "made", "name_en": "made", "place_id": "650100"}
    unit = Organisation.objects.create(identifier="made", kind="energy_using_unit", **names)
    end = start_of_day(WATCHED) + DAY
    at = np.arange(end - limit("days_of_findings") * DAY, end, MINUTE, dtype=np.int64)
    chance, store = np.random.default_rng(1), measured_values()
    number = 0
    for outlet in range(count):
        device = Device.objects.create(
            protocol=Protocol.HJ212, identifier=f"made{outlet}", unit=unit, act="made",
            recorded_at=dt.datetime.now(dt.UTC),
        )  # fmt: skip
        Outlet.objects.create(
            identifier=f"made{outlet}", unit=unit, device=device, name_zh="made", name_en="made", medium="gas",
            source="made", standard="GB 13223-2011", source_kind="coal-boiler-existing", flow_unit="m3/s", act="made",
        )  # fmt: skip
        for factor in FACTORS:
            for attribute in ATTRIBUTES:
                number += 1
                Series.objects.create(
                    number=number, device=device, period="minutes", factor=factor, attribute=attribute
                )
                value = np.rint(chance.normal(50, 5, len(at)) * MICRO).astype(np.int64)
                if attribute == "Flag":
                    value = np.full(len(at), ord("N") * MICRO, np.int64)
                store.append(Points(np.full(len(at), number, np.int32), at, value), source="made")
    store.compact()


def floor() -> None:
    """The same values read, and the mean of each hour of each series, with NumPy alone."""
    import numpy as np

    from hengneng.monitoring.storing import measured_values
    from hengneng.readings.rollup.snapshot import Snapshot

    source = Snapshot(measured_values())
    for day in source.newest():
        points = source.readings(day)
        cell = points.meter.astype(np.int64) * 100_000 + points.at // HOUR % 24
        starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
        np.add.reduceat(points.value, starts) / np.diff(starts, append=len(cell))


def main() -> None:
    """Make the outlets, add the day up with and without a look for signs, print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outlets", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hengneng-day-") as home:
        os.environ["HENGNENG_HOME"] = home
        from hengneng.database.ready import prepare_database

        prepare_database()
        from hengneng.monitoring import days
        from hengneng.monitoring.models import Outlet
        from hengneng.monitoring.storing import measured_values

        make(given.outlets)
        outlets = list(Outlet.objects.select_related("unit", "device"))
        look = days._worth_a_look

        def added(with_signs: bool) -> None:
            days._worth_a_look = look if with_signs else lambda _: False
            rows, _ = days.add_up_day(measured_values(), outlets, WATCHED, 1)
            assert rows

        print(f"Python {platform.python_version()}, {given.outlets} outlets of {len(FACTORS)} quantities")
        steps = {
            "floor": floor, "without signs": lambda: added(False), "with signs": lambda: added(True)
        }  # fmt: skip
        spent = {}
        for name, work in steps.items():
            rounds = []
            for _ in range(given.rounds):
                begin = time.process_time()
                work()
                rounds.append(time.process_time() - begin)
            spent[name] = sorted(rounds)[len(rounds) // 2] / given.outlets
        for name, seconds in spent.items():
            print(f"{name}: {seconds * 1000:.0f} ms CPU an outlet, {seconds / spent['floor']:.1f} times the floor")


if __name__ == "__main__":
    main()
