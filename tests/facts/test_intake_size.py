"""A table of 200,000 rows: all of them arrive, within a bound of memory."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.homes import Home

ROWS = 200_000
BOUND = 900  # MiB at the peak; 480 when this was written, and a table kept twice would exceed it
PLACES = ("650100", "650200", "659001", "652300", "652800", "652900", "654300", "652700", "654200", "653200")
IMPORT = """
import resource, sys
from hengneng.cli.main import main
sys.argv = ["hengneng", "facts", "import", sys.argv[1], "--json"]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


def _lines(measures: list[tuple[str, str]]) -> Iterator[str]:
    months = [f"{year}-{month:02d}" for year in range(1914, 2015) for month in range(1, 13)]
    for (measure, unit), place, month in itertools.product(measures, PLACES, months):
        yield f"{measure},{place},{month},{10 + int(month[-2:]) / 10:.1f},{unit}\n"


def test_two_hundred_thousand_rows_arrive_within_a_bound_of_memory(home: Home, tmp_path: Path) -> None:
    from hengneng.rules.measures import measures

    carriers = [(one.code, one.unit) for one in measures().values() if one.code.startswith("consumption_")]
    table = tmp_path / "table.csv"
    with table.open("w", encoding="utf-8") as file:
        file.write("measure,place,period,value,unit\n")
        file.writelines(itertools.islice(_lines(carriers), ROWS - 1))
        file.write("consumption_coke,650100,2014-01,#VALUE!,10^4 t\n")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(table)],
        env=home.environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert (result["recorded"], result["refused"]) == (ROWS - 1, 1)
    peak = int(done.stderr.split()[-1])
    assert peak < BOUND, f"{peak} MiB"
    last = home.run("facts", "history", "consumption_raw_coal/653200/2014-12", "--json").json
    assert last["revisions"][0]["reported"] == "11.2 10^4 t"
    assert last["revisions"][0]["cell"] == f"table.csv:{1 + len(PLACES) * 101 * 12}"
