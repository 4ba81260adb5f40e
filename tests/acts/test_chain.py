"""The log of acts: appended as a chain, and every way of tampering with it is found."""

from __future__ import annotations

import json

import pytest
from django.db import connection, transaction

from hengneng.acts import new_act_id, record
from hengneng.acts.models import FIRST_PREVIOUS, Act
from hengneng.acts.recording import head_file
from hengneng.acts.verifying import Head, verify
from hengneng.database.written_once import WrittenOnceError


@pytest.fixture
def chain(db: None) -> list[Act]:
    head_file().unlink(missing_ok=True)
    return [record("li", "person.add", "person", f"p{n}", reason="测试", details={"n": n}) for n in range(4)]


@pytest.fixture(autouse=True)
def _no_head() -> None:
    head_file().unlink(missing_ok=True)


def tamper(statement: str, *values: object) -> None:
    """Do what somebody with the password of the database could do: take the protection off first."""
    table = "acts_act"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {table}_no_update")
            cursor.execute(f"DROP TRIGGER {table}_no_delete")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)


def numbers() -> list[str]:
    return [problem.number for problem in verify().problems]


def test_acts_follow_one_another(chain: list[Act]) -> None:
    assert [act.sequence for act in chain] == [1, 2, 3, 4]
    assert chain[0].previous == FIRST_PREVIOUS
    assert [act.previous for act in chain[1:]] == [act.digest for act in chain[:-1]]
    found = verify()
    assert (found.acts, found.problems) == (4, [])
    assert found.head == Head(4, chain[-1].digest)


def test_an_act_that_is_rolled_back_leaves_no_gap(chain: list[Act]) -> None:
    with transaction.atomic():
        record("li", "person.add", "person", "gone")
        transaction.set_rollback(True)
    assert record("li", "person.add", "person", "next").sequence == 5
    assert verify().problems == []


def test_an_id_can_be_known_before(db: None) -> None:
    identifier = new_act_id()
    assert record("li", "person.add", "person", "x", identifier=identifier).identifier == identifier


def test_the_digest_survives_the_database(chain: list[Act]) -> None:
    again = Act.objects.get(sequence=2)
    assert again.computed_digest() == chain[1].digest
    assert again.details == {"n": 1}


@pytest.mark.parametrize("column", ["who", "verb", "kind", "name", "place", "reason"])
def test_a_changed_word_is_found(chain: list[Act], column: str) -> None:
    tamper(f"UPDATE acts_act SET {column} = %s WHERE sequence = 2", "other")
    assert numbers() == ["A002"]


def test_a_changed_act_whose_digest_was_made_to_fit_is_found_at_the_next(chain: list[Act]) -> None:
    act = Act.objects.get(sequence=2)
    act.reason = "other"
    tamper("UPDATE acts_act SET reason = %s, digest = %s WHERE sequence = 2", "other", act.computed_digest())
    assert numbers() == ["A003"]


def test_a_removed_act_is_found(chain: list[Act]) -> None:
    tamper("DELETE FROM acts_act WHERE sequence = 3")
    assert numbers() == ["A001"]


def test_a_removed_act_whose_followers_were_renumbered_is_found(chain: list[Act]) -> None:
    tamper("DELETE FROM acts_act WHERE sequence = 3")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE acts_act SET sequence = 3 WHERE sequence = 4")
    assert numbers() == ["A002"]


def test_an_inserted_act_is_found(chain: list[Act]) -> None:
    last = chain[-1]
    Act(
        sequence=5, identifier=new_act_id(), at=last.at, who="x", verb="person.add", kind="person", name="y",
        details={}, previous="1" * 64, digest="2" * 64,
    ).save(force_insert=True)  # fmt: skip
    assert numbers() == ["A002"]


def test_a_cut_off_end_is_found_by_the_note_outside(chain: list[Act]) -> None:
    head_file().write_text(json.dumps({"sequence": 4, "digest": chain[-1].digest}), "ascii")
    assert numbers() == []
    tamper("DELETE FROM acts_act WHERE sequence = 4")
    assert numbers() == ["A004"]


def test_a_cut_off_end_is_found_by_a_head_kept_elsewhere(chain: list[Act]) -> None:
    head = Head.parse(str(verify().head))
    tamper("DELETE FROM acts_act WHERE sequence = 4")
    assert [problem.where for problem in verify(head).problems] == ["--expect"]


def test_a_damaged_note_is_said(chain: list[Act]) -> None:
    head_file().write_text("{", "ascii")
    assert numbers() == ["A005"]


def test_the_program_itself_cannot_change_the_log(chain: list[Act]) -> None:
    with pytest.raises(WrittenOnceError):
        Act.objects.filter(sequence=1).update(who="x")
    with pytest.raises(Exception, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE acts_act SET who = 'x' WHERE sequence = 1")
    with pytest.raises(Exception, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM acts_act WHERE sequence = 1")
