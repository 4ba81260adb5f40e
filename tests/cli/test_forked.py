"""What tests call a command is forked from a loaded process: it says and does what one started from a shell does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.homes import Home


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (("--help",), {}),
        (("plan", "list"), {"HENGNENG_LANG": "en"}),
        (("no-such-command",), {}),
        (("facts", "import", "no-such.csv"), {}),
        (("plan", "list"), {"HENGNENG_DATABASE_URL": "mysql://somewhere/x"}),
    ],
)
def test_the_same_as_from_a_shell(
    with_tables: Home, tmp_path: Path, words: tuple[str, ...], environment: dict[str, str]
) -> None:
    forked, anew = (
        with_tables.run(*words, environment=environment, folder=tmp_path, anew=anew) for anew in (False, True)
    )
    assert forked == anew
    assert forked.output or forked.errors


def test_each_in_its_own_home(make_home: Callable[[], Home], tmp_path: Path) -> None:
    first, second = make_home(), make_home()
    table = tmp_path / "facts.csv"
    table.write_text("measure,place,period,value,unit,source\ngdp_current,650100,2014,2461.47,10^8 yuan,x\n", "utf-8")
    assert first.run("facts", "import", table).code == 0
    assert first.run("facts", "history", "gdp_current/650100/2014").code == 0
    assert second.run("facts", "history", "gdp_current/650100/2014").code == 1
