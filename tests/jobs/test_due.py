"""Jobs that say themselves when they are due: started once, and not while the same waits."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from hengneng.jobs import kinds as registry
from hengneng.jobs.due import looking_for_due, start_due
from hengneng.jobs.kinds import JobKind
from hengneng.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Two kinds; what they answer."""
    answers = {"monitoring.take": False, "metering.roll_up": False}
    found = {
        name: JobKind(name, lambda progress: None, registry.kind(name).verb, False, lambda name=name: answers[name])
        for name in answers
    }
    monkeypatch.setattr("hengneng.jobs.due.kinds", lambda: found)
    return answers


def test_what_is_due_is_started_once(due: dict[str, bool]) -> None:
    assert start_due() == []
    due["monitoring.take"] = True
    assert start_due() == ["monitoring.take"]
    assert start_due() == ["monitoring.take"]
    job = Job.objects.get()
    assert (job.kind, job.started_by, job.state) == ("monitoring.take", "worker", Job.State.WAITING)
    assert job.label.zh
    assert job.label.en
    Job.objects.update(state=Job.State.DONE, finished_at=timezone.now())
    start_due()
    assert Job.objects.count() == 2


def test_a_database_that_does_not_answer_ends_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DatabaseError

    looked: list[Any] = []

    def fail() -> None:
        looked.append(1)
        raise DatabaseError("gone")

    monkeypatch.setattr("hengneng.jobs.due.start_due", fail)
    monkeypatch.setattr("hengneng.jobs.due.close_old_connections", lambda: None)
    monkeypatch.setattr("hengneng.jobs.due.limit", lambda name: 0.01)
    with looking_for_due():
        while len(looked) < 2:
            pass


def test_the_real_kinds_are_not_due_in_an_empty_home(settings: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("HENGNENG_HOME", str(tmp_path))
    assert start_due() == []
    assert Job.objects.count() == 0
