"""Pages of jobs: who sees what, the bar in words, cancelling and repeating without script."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hengneng.jobs.models import Job

pytestmark = pytest.mark.usefixtures("places")
XINJIANG, TIANSHAN = "650000", "650102"


def signed_in(role: str, place: str) -> Client:
    from support.interface import person

    client = Client(headers={"host": "localhost"})
    client.force_login(person(role, place))
    return client


def made(**values: Any) -> Job:
    now = timezone.now()
    return Job.objects.create(
        **{
            "kind": "standing.recompute", "label_zh": "重算", "label_en": "Recompute", "parameters": {},
            "started_by": "region-office-650000", "asked_at": now, "started_at": now, "alive_at": now, **values,
        }
    )  # fmt: skip


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def test_a_running_job_says_how_far_it_is_and_renews_itself() -> None:
    begun = timezone.now() - dt.timedelta(seconds=30)
    job = made(state="running", done=25, total=100, phase_at=begun, phase_zh="数数", phase_en="counting")
    client = signed_in("region_office", XINJIANG)
    page = text_of(client.get(f"/jobs/{job.pk}/?lang=en"))
    assert re.search(r'<progress[^>]* max="100" value="25"', page)
    assert "25% done (25 of 100)" in page
    assert re.search(r"about (89|90|91|2) (s|min) left", page)
    assert "counting" in page
    assert f'hx-get="/jobs/{job.pk}/" hx-trigger="every 1s"' in page
    assert f'<a href="/jobs/{job.pk}/">Refresh</a>' in page  # without script
    assert "style=" not in page
    listed = text_of(client.get("/jobs/?lang=zh"))
    assert "25%" in listed
    assert "约还需" in listed


def test_an_ended_job_no_longer_renews_itself_and_says_what_it_found() -> None:
    job = made(state="done", finished_at=timezone.now(), result={"recomputed": 7}, address="/about/")
    page = text_of(signed_in("region_office", XINJIANG).get(f"/jobs/{job.pk}/?lang=en"))
    assert "hx-trigger" not in page
    assert "7 verdicts computed again" in page
    assert '<a href="/about/">See the result</a>' in page


@pytest.mark.parametrize(
    ("failure", "said"),
    [("error", "4175077d"), ("worker_gone", "Nothing is half-written"), ("refused", "problems are listed below")],
)
def test_a_failed_job_says_what_to_do(failure: str, said: str) -> None:
    problems = [{"text": {"zh": "一", "en": "A problem"}}] if failure == "refused" else []
    error_id = "4175077d" if failure == "error" else ""
    job = made(
        state="failed", failure=failure, error_id=error_id, finished_at=timezone.now(), problems=problems
    )  # fmt: skip
    page = text_of(signed_in("region_office", XINJIANG).get(f"/jobs/{job.pk}/?lang=en"))
    assert said in page
    assert "Start again" in page
    assert ("A problem" in page) is (failure == "refused")


def test_cancelling_and_repeating() -> None:
    job = made(state="running")
    client = signed_in("region_office", XINJIANG)
    assert client.get(f"/jobs/{job.pk}/cancel/").status_code == 405
    page = text_of(client.post(f"/jobs/{job.pk}/cancel/?lang=en", follow=True))
    assert "was asked to stop" in page
    assert "Cancel the job" not in page
    Job.objects.filter(pk=job.pk).update(state="cancelled", finished_at=timezone.now())
    again = client.post(f"/jobs/{job.pk}/again/")
    newest = Job.objects.order_by("-pk").first()
    assert newest is not None
    assert again["Location"] == f"/jobs/{newest.pk}/"
    assert newest.again_id == job.pk
    text_of(client.post(f"/jobs/{job.pk}/cancel/"), 409)


def test_others_see_nothing_of_it() -> None:
    job = made(state="running", place_id="650200")
    clerk = signed_in("county_office", TIANSHAN)
    text_of(clerk.get(f"/jobs/{job.pk}/"), 403)
    text_of(clerk.post(f"/jobs/{job.pk}/cancel/"), 403)
    assert f"/jobs/{job.pk}/" not in text_of(clerk.get("/jobs/?show=all&lang=zh"))
    assert "没有后台作业" in text_of(clerk.get("/jobs/?lang=zh"))
    text_of(Client(headers={"host": "localhost"}).get("/jobs/"), 403)
    text_of(clerk.get("/jobs/99999999999999999999/"), 404)


def test_pages_of_jobs_ask_the_database_a_bounded_number_of_times(django_assert_max_num_queries: Any) -> None:
    for _ in range(60):
        made(state="done", finished_at=timezone.now())
    client = signed_in("region_office", XINJIANG)
    with django_assert_max_num_queries(20):
        page = text_of(client.get("/jobs/?lang=en"))
    assert page.count("<tr>") == 51
    assert "page 1 of 2" in page
