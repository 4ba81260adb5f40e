"""The interface: who calls, what they get, what is refused and in which shape."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.interface import Caller

pytestmark = [pytest.mark.xdist_group("interface"), pytest.mark.usefixtures("site", "uncounted")]

XINJIANG, URUMQI, KARAMAY, TIANSHAN = "650000", "650100", "650200", "650102"
PLAN = "xinjiang-2015"
HALF = "2015H1"  # a period that nobody has published


@pytest.fixture
def public() -> Caller:
    from support.interface import Caller

    return Caller()


@pytest.fixture
def region() -> Caller:
    from support.interface import Caller

    return Caller.of("region_office", XINJIANG)


@pytest.fixture
def clerk() -> Caller:
    from support.interface import Caller

    return Caller.of("county_office", TIANSHAN)


@pytest.fixture
def published(region: Caller) -> str:
    """A period of Xinjiang 2015 that is public."""
    region.post(f"/plans/{PLAN}/publications", {"period": "2014", "note": "年度公布"})
    return "2014"


def fact_at(place: str) -> Any:
    from hengneng.facts.models import Fact

    return Fact.objects.filter(place=place, revised_by=None).order_by("pk").first()


# Who calls


def test_who_am_i(public: Caller, region: Caller) -> None:
    nobody, office = public.get("/me"), region.get("/me")
    assert (nobody["signed_in"], nobody["may"]) == (False, [])
    assert office["offices"][0]["role"] == "region_office"
    assert {leave["verb"] for leave in office["may"]} >= {"correct_facts", "publish", "run_jobs"}
    assert office["token_verbs"]


def test_a_token_that_is_none_or_expired_or_revoked(region: Caller) -> None:
    from django.utils import timezone
    from support.interface import Caller, person

    from hengneng.accounts.models import Token
    from hengneng.accounts.tokens import digest_of, issue, revoke

    assert Caller("hn_nonsense").get("/me", 401)["code"] == "token_invalid"
    token = Token.objects.get(digest=digest_of(region.secret))
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert region.get("/me", 401)["code"] == "token_invalid"
    token, secret = issue(person("auditor", XINJIANG), "x", ["read_log"], 1)
    revoke("somebody", token)
    assert Caller(secret).get("/me", 401)["code"] == "token_invalid"


def test_what_authorization_must_look_like() -> None:
    from django.test import Client
    from support.interface import answered

    response = Client().get("/api/v1/me", headers={"Authorization": "Basic abc"})
    assert answered(response, 401)["code"] == "token_malformed"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_only_the_digest_of_a_token_is_kept_and_its_use_noted(region: Caller) -> None:
    from django.utils import timezone

    from hengneng.accounts.models import Token
    from hengneng.acts.models import Act

    token = Token.objects.get(digest=hashlib.sha256(region.secret.encode()).hexdigest())
    assert token.last_used_on is None
    region.get("/me")
    token.refresh_from_db()
    assert token.last_used_on == timezone.localdate()
    assert region.secret not in json.dumps([act.details for act in Act.objects.all()])


def test_a_token_does_no_more_than_its_verbs(region: Caller) -> None:
    from support.interface import Caller

    from hengneng.access import Verb

    reader = Caller.of("region_office", XINJIANG, [Verb.SEE_UNPUBLISHED])
    fact = fact_at(URUMQI)
    assert reader.get(f"/facts/{fact.measure}/{fact.place_id}/{fact.period}")["key"] == fact.key
    refused = reader.post("/jobs", {"kind": "standing.recompute"}, 403)
    assert (refused["code"], refused["where"]) == ("token", "run_jobs")


def test_a_session_needs_the_token_of_its_forms_to_change_something() -> None:
    from django.test import Client
    from support.interface import answered, person

    client = Client(enforce_csrf_checks=True)
    client.force_login(person("region_office", XINJIANG))
    assert answered(client.get("/api/v1/me"), 200)["signed_in"]
    body = json.dumps({"kind": "standing.recompute"})
    refused = answered(client.post("/api/v1/jobs", body, content_type="application/json"), 403)
    assert refused["code"] == "csrf"
    client.get("/account/tokens/")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value}
    response = client.post("/api/v1/jobs", body, content_type="application/json", headers=headers)
    assert answered(response, 201)["state"] == "waiting"


def test_a_session_of_the_same_browser_does_not_add_to_a_token(clerk: Caller) -> None:
    from django.test import Client
    from support.interface import answered, person

    client = Client()
    client.force_login(person("region_office", XINJIANG))
    found = answered(client.get("/api/v1/me", headers=clerk.headers), 200)
    assert found["offices"][0]["role"] == "county_office"


# What is public, and what is not


def test_the_public_reads_plans_rules_formulas_and_places(public: Caller) -> None:
    assert PLAN in [one["id"] for one in public.get("/plans")["items"]]
    whole = public.get(f"/plans/{PLAN}")
    assert whole["counts"]["tasks"] == public.get(f"/plans/{PLAN}/tasks", size=1)["total"]
    assert public.get(f"/plans/{PLAN}/clauses")["items"][0]["quotes"]
    assert public.get(f"/plans/{PLAN}/targets")["items"][0]["quote"]
    assert public.get(f"/places/{URUMQI}")["name"]["en"] == "Urumqi"
    assert {part["code"] for part in public.get(f"/places/{XINJIANG}")["parts"]} >= {URUMQI, KARAMAY}
    assert public.get("/places", parent=XINJIANG, search="克拉")["items"][0]["code"] == KARAMAY
    name = public.get("/rules")["items"][0]["name"]
    assert public.get(f"/rules/{name}")["rows"] == public.get(f"/rules/{name}/entries")["total"]
    formula = public.get("/formulas")["items"][0]
    assert public.get(f"/formulas/{formula['name']}") == formula


def test_the_public_sees_of_standings_what_has_been_published(public: Caller, region: Caller) -> None:
    assert public.get(f"/plans/{PLAN}/standing", period=HALF)["total"] == 0
    inside = region.get(f"/plans/{PLAN}/standing", period=HALF, size=500)
    assert inside["total"] == sum(inside["counts"].values()) > 50
    row = next(row for row in inside["items"] if row["content"]["figures"])
    digest = next(figure["figure"] for figure in row["content"]["figures"].values())
    assert public.get(f"/figures/{digest}", 401)["code"] == "sign_in"
    public.get(f"/plans/{PLAN}/verdicts/{row['target']}/{row['place']}/{HALF}", 404)
    made = region.post(f"/plans/{PLAN}/publications", {"period": HALF})
    assert public.get(f"/plans/{PLAN}/publications")["items"][0]["id"] == made["id"]
    outside = public.get(f"/plans/{PLAN}/standing", period=HALF, size=500)
    assert outside["counts"] == inside["counts"]
    assert all(one["published"] for one in outside["items"])
    assert public.get(f"/plans/{PLAN}/verdicts/{row['target']}/{row['place']}/{HALF}")["key"] == row["key"]
    assert public.get(f"/figures/{digest}")["format"] == "trace/1"


def test_a_figure_is_named_by_its_own_digest(region: Caller) -> None:
    from django.test import Client

    row = region.get(f"/plans/{PLAN}/standing", period="2014", size=1)["items"][0]
    digest = next(figure["figure"] for figure in row["content"]["figures"].values())
    content = Client().get(f"/api/v1/figures/{digest}", headers=region.headers).content
    assert hashlib.sha256(content).hexdigest() == digest
    assert region.get("/figures/xyz", 422)["where"] == "path.digest"
    region.get(f"/figures/{'0' * 64}", 404)


def test_standings_are_narrowed_sorted_and_paged_as_on_the_page(region: Caller) -> None:
    everything = region.get(f"/plans/{PLAN}/standing", period="2014", size=500)
    pages = [region.get(f"/plans/{PLAN}/standing", period="2014", size=40, page=at)["items"] for at in (1, 2, 3)]
    keys = [row["key"] for page in pages for row in page]
    assert keys == [row["key"] for row in everything["items"]][: len(keys)]
    here = region.get(f"/plans/{PLAN}/standing", period="2014", place="乌鲁木齐市", size=500)
    assert {row["place"] for row in here["items"]} == {URUMQI}
    behind = region.get(f"/plans/{PLAN}/standing", period="2014", level="behind", size=500)
    assert behind["total"] == everything["counts"]["behind"]
    by_gap = region.get(f"/plans/{PLAN}/standing", period="2014", sort="-gap", size=500)["items"]
    gaps = [row["gap"] for row in by_gap if row["gap"] is not None]
    assert gaps == sorted(gaps, reverse=True)
    past = region.get(f"/plans/{PLAN}/standing", period="2014", as_of="2001-01-01")
    assert {key for key, number in past["counts"].items() if number} == {"unknown"}
    assert past["as_of"].startswith("2001-01-01T23:59")
    empty = region.get(f"/plans/{PLAN}/standing", period="2014", page=1000)
    assert (empty["items"], empty["total"]) == ([], everything["total"])


def test_what_a_reader_would_wait_for_too_long_is_left_to_a_job(
    region: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hengneng.jobs.running import run

    monkeypatch.setattr("hengneng.standing.computing.limit", lambda name: 1)
    first = region.get(f"/plans/{PLAN}/standing", period="2015H1")
    assert (first["current"], first["total"]) == (False, 0)
    assert region.get(f"/plans/{PLAN}/standing", period="2015H1")["job"] == first["job"]
    run(first["job"])
    assert region.get(f"/jobs/{first['job']}")["state"] == "done"
    later = region.get(f"/plans/{PLAN}/standing", period="2015H1")
    assert (later["current"], later["job"]) == (True, None)
    assert later["total"] > 50


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"period": "gestern"}, "query.period"),
        ({"indicator": "happiness"}, "query.indicator"),
        ({"place": "Atlantis"}, "query.place"),
        ({"level": "fine"}, "query.level"),
        ({"sort": "colour"}, "query.sort"),
        ({"as_of": "soon"}, "query.as_of"),
        ({"as_of": "0001-01-01T00:00"}, "query.as_of"),
        ({"page": "0"}, "query.page"),
        ({"size": "100000"}, "query.size"),
    ],
)
def test_what_cannot_be_answered_names_the_field(public: Caller, query: dict[str, str], field: str) -> None:
    error = public.get(f"/plans/{PLAN}/standing", 422, **query)
    assert (error["code"], error["where"]) == ("invalid", field)
    text = error["problems"][0]["text"]
    assert next(iter(query.values())) in text["en"]
    assert "expected" in text["en"]
    assert "应为" in text["zh"]


# A county clerk and another prefecture


def test_a_clerk_is_refused_the_facts_of_others_and_they_are_not_counted(clerk: Caller, region: Caller) -> None:
    from hengneng.facts.models import Fact

    other = fact_at(KARAMAY)
    refused = clerk.get(f"/facts/{other.measure}/{other.place_id}/{other.period}", 403)
    assert refused["code"] == "outside_place"
    assert "克拉玛依" in refused["message"]["zh"]
    assert clerk.get("/facts")["total"] == Fact.objects.filter(place=TIANSHAN, revised_by=None).count()
    assert clerk.get("/facts", place=KARAMAY)["total"] == 0
    compared = clerk.get("/facts/compare", first="2001-01-01")
    assert compared["total"] == compared["new"] == clerk.get("/facts")["total"]
    assert region.get("/facts", place=KARAMAY)["total"] > 0
    change = {"value": "1", "source": "试", "reason": "试", "based_on": other.revision}
    assert clerk.post(f"/facts/{other.key}", change, 403)["code"] == "outside_place"
    new = {"measure": "gdp_constant_2015", "place": KARAMAY, "period": "2003", "source": "试"}
    new |= {"value": "400", "unit": "10^8 yuan"}
    assert clerk.post("/facts", new, 403)["code"] == "outside_place"


def test_a_clerk_sees_of_standings_elsewhere_what_is_published(clerk: Caller, published: str) -> None:
    rows = clerk.get(f"/plans/{PLAN}/standing", period=published, size=500)["items"]
    assert {row["published"] for row in rows if row["place"] != TIANSHAN} == {True}


def test_a_clerk_sees_neither_duties_nor_acts_nor_jobs_of_others(clerk: Caller, region: Caller) -> None:
    from hengneng.duties.models import Duty

    other = Duty.objects.filter(place=KARAMAY).first() or make_duty(KARAMAY)
    assert clerk.get(f"/duties/{other.pk}", 403)["code"] == "outside_place"
    assert clerk.get("/duties", place=KARAMAY)["total"] == 0
    job = region.post("/jobs", {"kind": "standing.recompute", "place": KARAMAY})
    clerk.get(f"/jobs/{job['id']}", 403)
    clerk.post(f"/jobs/{job['id']}/cancel", {}, 403)
    clerk.get(f"/acts/{job['act']}", 404)
    assert job["id"] not in [one["id"] for one in clerk.get("/jobs")["items"]]
    assert region.get(f"/acts/{job['act']}")["verb"] == "job.start"


def make_duty(place: str) -> Any:
    from hengneng.duties.models import Duty

    some = Duty.objects.order_by("pk").first()
    return Duty.objects.create(
        plan=some.plan, task=some.task, clause=some.clause, position=some.position, place_id=place, parent=some,
        stated_due=some.stated_due, act=some.act,
    )  # fmt: skip


# Facts


def test_a_fact_is_recorded_and_corrected_with_an_act_of_each(region: Caller) -> None:
    from hengneng.jobs.models import Job

    new = {"measure": "gdp_constant_2015", "place": URUMQI, "period": "2003", "value": "412.5", "source": "统计年鉴"}
    made = region.post("/facts", {**new, "unit": "10^8 yuan"})
    assert (made["value"], made["revision"], made["recorded_by"]) == ("412.5", 1, "region-office-650000")
    assert region.get(f"/acts/{made['act']}")["verb"] == "fact.record"
    assert Job.objects.filter(kind="standing.recompute", started_by="region-office-650000").exists()
    again = region.post("/facts", {**new, "unit": "10^8 yuan"}, 409)
    assert (again["code"], again["problems"][0]["check"]) == ("F304", "F304")
    change = {**{name: new[name] for name in ("source",)}, "value": "415", "unit": "10^8 yuan", "based_on": 1}
    without = region.post(f"/facts/{made['key']}", {**change, "reason": " "}, 422)
    assert [problem["check"] for problem in without["problems"]] == ["F301"]
    corrected = region.post(f"/facts/{made['key']}", {**change, "reason": "核实"})
    assert (corrected["revision"], corrected["reason"]) == (2, "核实")
    late = region.post(f"/facts/{made['key']}", {**change, "value": "416", "reason": "核实"}, 409)
    assert late["code"] == "F302"
    history = region.get(f"/facts/{made['key']}")
    assert [one["revision"] for one in history["revisions"]] == [2, 1]
    compared = region.get("/facts/compare", first="2001-01-01", measure="gdp_constant_2015", place=URUMQI)
    assert compared["items"][-1]["after"]["fact"] == corrected["fact"]


def test_a_fact_that_does_not_fit_comes_back_with_every_problem(region: Caller) -> None:
    error = region.post("/facts", {"measure": "happiness", "place": URUMQI, "period": "2003", "source": "x"}, 422)
    assert error["problems"]
    missing = region.post("/facts", {"place": URUMQI, "surprise": 1}, 422)
    assert {problem["check"] for problem in missing["problems"]} == {"T101"}
    assert {problem["where"] for problem in missing["problems"]} == {
        "body.measure", "body.period", "body.source", "body.surprise",
    }  # fmt: skip


# Duties


def test_a_duty_is_assigned_reported_reviewed_and_reminded(region: Caller) -> None:
    from support.interface import Caller, person

    holder = person("prefecture_office", URUMQI)
    found = region.get("/duties", plan=PLAN, size=500)
    assert found["total"] == len(found["items"]) > 50
    duty = next(one for one in found["items"] if one["place"] == XINJIANG)
    path = f"/duties/{duty['id']}"
    lead = f"test-prefecture_office-{URUMQI}"
    body = {"lead": lead, "person": holder.identifier, "based_on": duty["revision"]}
    assigned = region.post(f"{path}/assignments", body)
    assert (assigned["lead"]["identifier"], assigned["person"]) == (lead, holder.identifier)
    assert region.post(f"{path}/assignments", {**body, "due": "2099-01-01", "reason": "x"}, 409)["code"] == "D004"
    stepped = region.post(f"{path}/milestones", {"title": "第一步", "due": duty["stated_due"]})
    assert stepped["milestones"][-1]["title"]["zh"] == "第一步"
    reporter = Caller.of("prefecture_office", URUMQI)
    reported = reporter.post(f"{path}/reports", {"per_cent": 40, "text": "已开工"})
    report = reported["reports"][-1]
    assert report["per_cent"] == 40
    number = stepped["milestones"][-1]["number"]
    reached = reporter.post(f"{path}/milestones/{number}/reached", {"reached_on": "2020-01-01"})
    assert reached["milestones"][-1]["reached_on"] == "2020-01-01"
    reviewed = region.post(f"{path}/reports/{report['id']}/review", {"accepted": True})
    assert (reviewed["accepted_per_cent"], reviewed["reports"][-1]["review"]["accepted"]) == (40, True)
    assert region.post(f"{path}/reports/{report['id']}/review", {"accepted": True}, 409)["code"] == "D020"
    reminded = region.post(f"{path}/reminders", {"text": "请抓紧"})
    assert reminded["reminders"][-1]["person"] == holder.identifier
    assert region.get(f"{path}/evidence")["total"] == 0
    assert region.get("/duties", person=holder.identifier)["items"][0]["id"] == duty["id"]
    region.get("/duties/999999999", 404)


# Jobs


def test_a_job_is_started_watched_cancelled_and_repeated(region: Caller, clerk: Caller) -> None:
    from hengneng.jobs.running import run

    assert clerk.post("/jobs", {"kind": "standing.recompute"}, 403)["code"] == "other_role"
    made = region.post("/jobs", {"kind": "standing.recompute"})
    assert made["label"]["en"].startswith("Recompute")
    assert region.get("/jobs", mine="true", state="waiting")["items"][0]["id"] == made["id"]
    assert region.post(f"/jobs/{made['id']}/cancel", {}, 200)["state"] == "cancelled"
    assert region.post(f"/jobs/{made['id']}/cancel", {}, 409)["code"] == "J002"
    again = region.post(f"/jobs/{made['id']}/again", {})
    run(again["id"])
    assert region.get(f"/jobs/{again['id']}")["state"] == "done"
    region.post("/jobs", {"kind": "no.such"}, 404)
    assert region.post("/jobs", {"kind": "standing.recompute", "parameters": {"x": 1}}, 422)["where"]


# The one shape of errors


def test_every_status_has_the_one_shape(public: Caller, region: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client
    from support.interface import answered

    client = Client()

    def sent(body: bytes | str, status: int) -> Any:
        response = client.post("/api/v1/jobs", body, content_type="application/json", headers=region.headers)
        return answered(response, status)

    for malformed in ("{", "[NaN]", '{"kind": "\\u0000"}', '{"kind": "\\ud800"}', "[" * 100_000, b"\xff"):
        assert sent(malformed, 400)["code"] == "malformed"
    assert public.get("/me?x=%00", 400)["code"] == "bad_request"
    assert public.post("/jobs", {"kind": "standing.recompute"}, 401)["code"] == "sign_in"
    assert public.get("/nothing/here", 404)["code"] == "not_found"
    assert answered(client.get("/api/v9/me"), 404)["code"] == "not_found"
    assert answered(client.post("/api/v9/me"), 404)["code"] == "not_found"
    response = client.delete("/api/v1/me")
    assert answered(response, 405)["code"] == "method_not_allowed"
    assert response["Allow"] == "GET"
    assert sent(json.dumps({"kind": "x" * 3_000_000}), 413)["code"] == "too_large"
    assert sent("[]", 422)["code"] == "invalid"
    assert answered(client.get("/api/v1/me", headers={"host": "elsewhere.example"}), 400)["code"] == "bad_request"


def test_a_failure_has_an_id_that_is_in_the_log(
    public: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("hengneng.web.api.people.actor_of_request", fail)
    error = public.get("/me", 500)
    assert error["code"] == "failure"
    assert error["id"] in caplog.text
    assert "a bug" not in json.dumps(error)


def test_who_asks_too_often_waits(public: Caller, clerk: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client
    from support.interface import answered

    monkeypatch.setattr("hengneng.web.api.signing.limit", lambda name: 3)
    for _ in range(3):
        public.get("/me")
    response = Client().get("/api/v1/me")
    assert answered(response, 429)["code"] == "too_many_requests"
    assert 0 < int(response["Retry-After"]) <= 60
    clerk.get("/me")  # somebody else


def test_who_has_it_already_gets_304() -> None:
    from django.test import Client

    client = Client()
    first = client.get(f"/api/v1/plans/{PLAN}")
    again = client.get(f"/api/v1/plans/{PLAN}", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_a_person_sees_is_not_kept_by_others(region: Caller) -> None:
    from django.test import Client

    assert Client().get("/api/v1/facts", headers=region.headers)["Cache-Control"] == "no-store"
