"""Jobs from start to end: done, failed, refused, cancelled, given up, repeated; who may see and stop them."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from hengneng.access import PUBLIC, Actor, RefusedAccessError, Verb
from hengneng.acts.models import Act
from hengneng.jobs import (
    CancelledError,
    Progress,
    Result,
    ask_to_cancel,
    job_kind,
    start,
    start_again,
    start_following,
)
from hengneng.jobs.kinds import UnknownKindError
from hengneng.jobs.limits import limit
from hengneng.jobs.models import Job
from hengneng.jobs.progress import _Worker
from hengneng.jobs.reading import controls, has_no_worker, jobs_seen
from hengneng.jobs.running import give_up_dead, run
from hengneng.language import Text
from hengneng.problems import Problem, RefusedError

pytestmark = pytest.mark.usefixtures("kinds")
LABEL = Text(zh="试验", en="A trial")
Office = Callable[..., Actor]


@pytest.fixture
def region(office: Office) -> Actor:
    return office("region_office", "650000")


def count_to(progress: Progress, number: int) -> Result:
    for done in range(number + 1):
        progress(done, number, phase=Text(zh="数数", en="counting"))
    return Result({"counted": number}, "/about/")


@pytest.fixture
def counting(kinds: dict[str, Any]) -> str:
    job_kind("test.count")(count_to)
    return "test.count"


def test_a_job_is_started_done_and_logged(region: Actor, counting: str) -> None:
    job = start(region, counting, {"number": 3}, LABEL, place="650100")
    assert (job.state, job.started_by, job.label) == ("waiting", region.identifier, LABEL)
    assert str(DBTaskResult.objects.get().id) == job.task
    act = Act.objects.get(identifier=job.act)
    assert (act.verb, act.name, act.place) == ("job.start", str(job.pk), "650100")
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.share) == ("done", 3, 3, 1.0)
    assert (job.result, job.address, job.phase) == ({"counted": 3}, "/about/", Text(zh="数数", en="counting"))
    assert job.finished_at is not None


def test_a_job_is_done_once_only(region: Actor, kinds: dict[str, Any]) -> None:
    done = []
    job_kind("test.once")(lambda progress: done.append(1))
    job = start(region, "test.once", {}, LABEL)
    run(job.pk)
    run(job.pk)
    assert done == [1]


def test_an_error_is_kept_with_its_id(region: Actor, kinds: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    job_kind("test.fail")(lambda progress: 1 / 0)
    job = start(region, "test.fail", {}, LABEL)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure) == ("failed", "error")
    assert job.error_id in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_refusal_is_kept_with_its_problems(region: Actor, kinds: dict[str, Any]) -> None:
    def refuse(progress: Progress) -> None:
        raise RefusedError(Problem("J002", "here", {"job": 1}))

    job_kind("test.refuse")(refuse)
    job = start(region, "test.refuse", {}, LABEL)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure, job.error_id) == ("failed", "refused", "")
    assert job.problems[0]["check"] == "J002"


def test_a_waiting_job_is_cancelled_at_once(region: Actor, counting: str) -> None:
    job = ask_to_cancel(region, start(region, counting, {"number": 3}, LABEL))
    assert job.state == "cancelled"
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("cancelled", 0)
    assert Act.objects.filter(verb="job.cancel", name=str(job.pk)).exists()


def test_a_running_job_stops_at_its_next_step_and_leaves_nothing_half_written(
    region: Actor, kinds: dict[str, Any]
) -> None:
    def write(progress: Progress) -> None:
        progress(0, 2)
        ask_to_cancel(region, job)
        with transaction.atomic():
            Act.objects.count()
            progress(1, 2)  # inside a transaction nothing is asked and nothing written
            start_following("nobody", "test.write", {"never": 1}, LABEL)
            transaction.set_rollback(True)
        progress(2, 2)
        raise AssertionError("went on after it was cancelled")

    job_kind("test.write")(write)
    job = start(region, "test.write", {}, LABEL)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("cancelled", 0)
    assert Job.objects.count() == 1


def test_an_ended_job_cannot_be_cancelled_and_a_running_one_not_repeated(region: Actor, counting: str) -> None:
    job = start(region, counting, {"number": 1}, LABEL)
    with pytest.raises(RefusedError, match="J003"):
        start_again(region, job)
    run(job.pk)
    job.refresh_from_db()
    with pytest.raises(RefusedError, match="J002"):
        ask_to_cancel(region, job)
    again = start_again(region, job)
    assert (again.kind, again.parameters, again.again) == (job.kind, job.parameters, job)


def test_a_job_of_a_dead_worker_is_given_up_and_can_be_repeated(region: Actor, counting: str) -> None:
    job = start(region, counting, {"number": 1}, LABEL)
    long_ago = timezone.now() - dt.timedelta(seconds=limit("seconds_until_dead") + 1)
    Job.objects.filter(pk=job.pk).update(state="running", started_at=long_ago, alive_at=long_ago)
    assert jobs_seen(region).get(pk=job.pk).failure == "worker_gone"
    assert give_up_dead() == 0
    job.refresh_from_db()
    assert start_again(region, job).state == "waiting"


def test_a_worker_thought_dead_stops_when_it_comes_back(region: Actor, kinds: dict[str, Any]) -> None:
    def sleep(progress: Progress) -> str:
        Job.objects.update(state="failed", failure="worker_gone", finished_at=timezone.now())
        with pytest.raises(CancelledError):
            progress(1, 2)
        return "too late"

    job_kind("test.sleep")(sleep)
    job = start(region, "test.sleep", {}, LABEL)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("failed", None)


def test_a_job_of_a_worker_that_is_stopped_is_left_to_the_next(
    region: Actor, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(region, counting, {"number": 2}, LABEL)
    monkeypatch.setattr(_Worker, "stopping", True)
    run(job.pk)
    job.refresh_from_db()
    assert job.state == "waiting"
    assert DBTaskResult.objects.count() == 2
    monkeypatch.setattr(_Worker, "stopping", False)
    run(job.pk)
    job.refresh_from_db()
    assert job.state == "done"


def test_what_follows_is_done_by_the_job_that_waits_already(region: Actor, counting: str) -> None:
    first = start_following("a", counting, {"number": 1}, LABEL)
    assert start_following("b", counting, {"number": 1}, LABEL) == first
    assert start_following("b", counting, {"number": 2}, LABEL) != first
    run(first.pk)
    assert start_following("b", counting, {"number": 1}, LABEL) != first


def test_parameters_and_kinds_are_checked_when_the_job_is_started(region: Actor, counting: str) -> None:
    with pytest.raises(RefusedError, match="J001"):
        start(region, counting, {"numbers": 3}, LABEL)
    with pytest.raises(UnknownKindError):
        start(region, "test.unknown", {}, LABEL)
    assert not Job.objects.exists()


def test_who_may_start(office: Office, counting: str) -> None:
    clerk = office("county_office", "650102")
    with pytest.raises(RefusedAccessError):
        start(clerk, counting, {"number": 1}, LABEL)
    with pytest.raises(RefusedAccessError):
        start(PUBLIC, counting, {"number": 1}, LABEL)
    with pytest.raises(RefusedAccessError):
        start(office("region_office", "650000"), counting, {"number": 1}, LABEL, place="630000")
    assert start(office("administrator", "650000"), counting, {"number": 1}, LABEL, place="630000").pk


def test_who_sees_and_stops(office: Office, region: Actor, counting: str) -> None:
    job = start(region, counting, {"number": 1}, LABEL, place="650100")
    followed = start_following("county-office-650102", counting, {"number": 9}, LABEL)
    sees = {
        actor.identifier: set(jobs_seen(actor))
        for actor in (region, office("county_office", "650102"), office("region_office", "630000"), PUBLIC)
    }
    assert sees[region.identifier] == {job, followed}
    assert sees["county-office-650102"] == {followed}
    assert sees["region-office-630000"] == {followed}  # it belongs to no place
    assert sees["public"] == set()
    clerk = office("county_office", "650102")
    assert (controls(clerk, followed), controls(clerk, job)) == (True, False)
    with pytest.raises(RefusedAccessError):
        ask_to_cancel(clerk, job)
    assert ask_to_cancel(clerk, followed).state == "cancelled"


def test_a_token_without_the_verb_stops_nothing(region: Actor, counting: str) -> None:
    job = start(region, counting, {"number": 1}, LABEL)
    token = Actor(region.person_id, region.identifier, region.name, region.held, frozenset({Verb.READ_LOG}))
    with pytest.raises(RefusedAccessError):
        ask_to_cancel(token, job)


def test_the_time_left_follows_the_pace_of_the_phase() -> None:
    now = timezone.now()
    job = Job(state="running", done=25, total=100, phase_at=now - dt.timedelta(seconds=10), started_at=now)
    assert job.remaining(now) == dt.timedelta(seconds=30)
    assert Job(state="running", done=0, total=100, phase_at=now).remaining(now) is None
    assert Job(state="done", done=100, total=100, phase_at=now).remaining(now) is None
    assert Job(state="running").share is None


def test_a_job_that_waits_too_long_says_that_there_is_no_worker(region: Actor, counting: str) -> None:
    job = start(region, counting, {"number": 1}, LABEL)
    assert not has_no_worker(job)
    job.asked_at -= dt.timedelta(seconds=limit("seconds_waiting_until_hint") + 1)
    assert has_no_worker(job)


def test_a_kind_is_sought_in_its_own_room_before_others_load_what_they_need(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from hengneng.database.ready import set_up_django\n"
        "set_up_django()\n"
        "from hengneng.jobs.kinds import kind, kinds\n"
        "kind('standing.recompute')\n"
        "assert 'hengneng.metering.tasks' not in sys.modules\n"
        "kind('facts.import')  # registered by the room of pages\n"
        "assert {'metering.roll_up', 'monitoring.take'} <= kinds().keys()\n"
    )
    environment = {"HENGNENG_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
