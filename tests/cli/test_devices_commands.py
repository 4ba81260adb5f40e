"""Devices on the command line: registered, listed with strangers, given a token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.homes import Finished


def test_devices_are_registered_listed_and_given_a_token(hengneng: Callable[..., Finished], tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text("identifier,name_zh,name_en,place\nplant,甲厂,Plant A,650100\n", "utf-8")
    meters = tmp_path / "meters.csv"
    meters.write_text("identifier,unit,carrier,unit_of_measure\nm1,plant,32,kWh\n", "utf-8")
    assert hengneng("meters", "import", meters, "--units", units).code in (0, 1)
    devices = tmp_path / "devices.csv"
    devices.write_text("protocol,identifier,unit\nhj212,A1,plant\nhttp,B1,nowhere\n", "utf-8")
    done = hengneng("devices", "import", devices, "--json")
    assert done.code == 1
    assert done.json["new"] == ["hj212:A1"]
    assert [one["check"] for one in done.json["problems"]] == ["E102"]
    listed = hengneng("devices", "list", "--json").json
    assert [one["device"] for one in listed["devices"]] == ["hj212:A1"]
    assert listed["strangers"] == []
    shown = hengneng("--lang", "en", "devices", "list")
    assert "anywhere" in shown.output
    token = hengneng("devices", "token", "hj212:A1")
    assert "hd_" in token.output
    unknown = hengneng("devices", "token", "hj212:A2")
    assert unknown.code == 1
    assert "G504" in unknown.errors
