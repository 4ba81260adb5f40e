"""`hengneng people` and `hengneng log`, as processes."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.homes import Finished, Home
from support.waiting import PATIENCE

Run = Callable[..., Finished]

PLAN = Path(__file__).resolve().parents[2] / "plans" / "xinjiang-2015"
OFFICE = "regional-leading-group-office"


@pytest.fixture
def home(made_once: Callable[..., Home], with_tables: Home, copy_home: Callable[[Home], Home]) -> Home:
    """A home of this test's own, into which the plan has been loaded."""

    def make(home: Home) -> None:
        assert home.run("plan", "load", PLAN).code == 0

    return copy_home(made_once("xinjiang", make, with_tables))


@pytest.fixture
def loaded(home: Home) -> Run:
    return home.run


def test_somebody_is_added_and_gets_a_link(loaded: Run) -> None:
    added = loaded(
        "people", "add", "li.ming", "--name", "李明", "--role", "administrator", "--organisation", OFFICE,
        "--address", "https://jn.example/",
    )  # fmt: skip
    assert added.code == 0, added
    assert re.search(r"https://jn\.example/first-sign-in/\S{20,}/", added.output)
    found = loaded("people", "list", "--json").json
    assert found == [
        {
            "identifier": "li.ming", "name": "李明", "active": True, "has_signed_in": False, "second_factor": False,
            "appointments": [{"role": "administrator", "organisation": OFFICE}],
        }
    ]  # fmt: skip
    again = loaded("people", "link", "li.ming")
    assert "/first-sign-in/" in again.output
    assert again.output != added.output
    log = loaded("log", "show", "--json").json
    assert [act["verb"] for act in log][:1] == ["person.link"]
    assert all(act["who"].startswith("terminal:") for act in log)


def test_faults_are_numbered(loaded: Run) -> None:
    wrong = loaded("people", "add", "Li", "--name", "李", "--role", "king", "--organisation", "nowhere")
    assert wrong.code == 1
    assert all(number in wrong.errors for number in ("U001", "U004", "U005"))
    assert "C014" in loaded("people", "link", "nobody").errors


def test_the_example_people_load_and_load_again(loaded: Run) -> None:
    first = loaded("people", "load", PLAN / "people.example.csv")
    assert first.code == 0
    assert first.output.count("/first-sign-in/") == 10
    assert loaded("people", "load", PLAN / "people.example.csv").output.count("/first-sign-in/") == 0


def test_the_log_is_whole(loaded: Run) -> None:
    loaded("people", "load", PLAN / "people.example.csv")
    good = loaded("log", "verify", "--json")
    assert good.code == 0
    assert good.json["problems"] == []
    assert good.json["acts"] >= 30
    assert loaded("log", "verify", "--expect", good.json["head"]).code == 0
    assert "C013" in loaded("log", "verify", "--expect", "nonsense").errors
    other = loaded("log", "verify", "--expect", "3:" + "0" * 64)
    assert other.code == 1
    assert "A004" in other.errors


def test_acts_of_several_processes_at_once_make_one_chain(loaded: Run, home: Home) -> None:
    loaded("people", "load", PLAN / "people.example.csv")
    before = loaded("log", "verify", "--json").json["acts"]
    who = ["example.region", "example.hami", "example.changji", "example.auditor"] * 2
    with open(os.devnull, "wb") as nothing:
        running = [home.start("people", "link", one, output=nothing, errors=nothing) for one in who]
    assert [process.wait(PATIENCE) for process in running] == [0] * len(who)
    found = loaded("log", "verify", "--json")
    assert found.code == 0, found
    assert found.json["acts"] == before + len(who)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE acts_act SET reason = 'x' WHERE sequence = 5", "A002"),
        ("DELETE FROM acts_act WHERE sequence = 5", "A001"),
        ("DELETE FROM acts_act WHERE sequence = (SELECT max(sequence) FROM acts_act)", "A004"),
    ],
)
def test_tampering_is_found(loaded: Run, home: Home, statement: str, number: str) -> None:
    loaded("people", "load", PLAN / "people.example.csv")
    with sqlite3.connect(home.folder / "hengneng.sqlite3") as database:
        with pytest.raises(sqlite3.DatabaseError, match="written once"):
            database.execute(statement)
        database.execute("DROP TRIGGER acts_act_no_update")
        database.execute("DROP TRIGGER acts_act_no_delete")
        database.execute(statement)
    database.close()
    found = loaded("log", "verify")
    assert found.code == 1
    assert number in found.errors
