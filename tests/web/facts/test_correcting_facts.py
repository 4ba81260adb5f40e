"""Facts corrected and entered on their pages, with the reason; what was typed is kept."""

from __future__ import annotations

import re

import pytest
from support.fact_pages import FACT, HAMI, MEASURE, TYPED, URUMQI, SignIn, page_of, rows_in

from hengneng.acts.models import Act
from hengneng.facts.models import Fact

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("facts pages")]


# History and correcting


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_history_says_who_when_why_and_how_much(sign_in: SignIn, language: str) -> None:
    client = sign_in()
    answer = client.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    assert answer.status_code == 303
    page = page_of(client.get(FACT, headers={"accept-language": language}))
    assert rows_in(page) == 2
    for said in ("510", "+10", "+2.0%", "checked against the yearbook", "clerk-650100", "letter of 2015-07-10", "<svg"):
        assert said in page
    assert page.index(">2</th>".replace(">2", "2")) < page.index("first" if language == "en" else "首次")


def test_after_a_correction_the_page_says_so_once(sign_in: SignIn) -> None:
    client = sign_in()
    answer = client.post(f"{FACT}correct/", {**TYPED, "step": "record"}, follow=True)
    assert "this is revision 2" in page_of(answer)
    assert "this is revision 2" not in page_of(client.get(FACT))
    act = Act.objects.get(verb="fact.correct")
    assert (act.place, act.reason) == (URUMQI, TYPED["reason"])


def test_the_form_shows_the_present_and_the_last_period(sign_in: SignIn) -> None:
    page = page_of(sign_in().get(f"{FACT}correct/"))
    assert "Recorded now (revision 1)" in page
    assert "<b>500</b>" in page
    assert "Last period: 2013" in page
    assert "<b>498</b>" in page


def test_a_preview_changes_nothing(sign_in: SignIn) -> None:
    page = page_of(sign_in().post(f"{FACT}correct/", {**TYPED, "step": "preview"}))
    assert "What will change" in page
    assert "+10 (+2.0%)" in page
    assert 'value="record"' in page
    assert Fact.objects.filter(revision=2).count() == 0
    assert not Act.objects.filter(verb="fact.correct").exists()


@pytest.mark.parametrize("step", ["preview", "record"])
def test_what_was_typed_is_kept_after_an_error(sign_in: SignIn, step: str) -> None:
    typed = {**TYPED, "value": "1,200", "reason": "", "unit": "tce", "state": "estimated", "step": step}
    page = page_of(sign_in().post(f"{FACT}correct/", typed), 422)
    assert 'value="1,200"' in page
    assert 'value="letter of 2015-07-10"' in page
    assert 'value="page 3"' in page
    assert ">a note</textarea>" in page
    assert re.search(r'value="tce" selected', page)
    assert re.search(r'value="estimated" checked', page)
    assert 'href="#field-value"' in page
    assert 'href="#field-reason"' in page
    assert page.count('id="field-value"') == 1


def test_what_needs_an_explanation_asks_for_it(sign_in: SignIn) -> None:
    client = sign_in()
    page = page_of(client.post(f"{FACT}correct/", {**TYPED, "value": "5000000", "step": "record"}), 422)
    assert 'href="#field-explanation"' in page
    explained = {**TYPED, "value": "400", "explanation": "a large works was closed", "step": "record"}
    assert client.post(f"{FACT}correct/", explained).status_code == 303


def test_the_second_of_two_people_gets_a_clear_conflict(sign_in: SignIn) -> None:
    first, second = sign_in(name="first"), sign_in(name="second")
    assert first.post(f"{FACT}correct/", {**TYPED, "step": "record"}).status_code == 303
    typed = {**TYPED, "value": "505", "reason": "my own reason", "step": "record"}
    page = page_of(second.post(f"{FACT}correct/", typed), 409)
    assert "first-650100-prefecture-office revised this figure to 510" in page
    assert 'value="505"' in page
    assert ">my own reason</textarea>" in page
    assert 'name="revision" value="2"' in page
    assert Fact.objects.filter(revision=3).count() == 0
    assert second.post(f"{FACT}correct/", {**typed, "revision": "2"}).status_code == 303


def test_the_preview_is_overtaken_too(sign_in: SignIn) -> None:
    first, second = sign_in(name="first"), sign_in(name="second")
    first.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    page_of(second.post(f"{FACT}correct/", {**TYPED, "value": "505", "step": "preview"}), 409)


@pytest.mark.parametrize("revision", ["", "x", "-1", "999999999999999999999", "²"])
def test_a_broken_revision_is_a_conflict_not_a_failure(sign_in: SignIn, revision: str) -> None:
    answer = sign_in().post(f"{FACT}correct/", {**TYPED, "revision": revision, "step": "record"})
    assert answer.status_code == 409


def test_missing_is_recorded_with_its_reason(sign_in: SignIn) -> None:
    client = sign_in()
    typed = {**TYPED, "value": "", "state": "missing", "note": "the report was withdrawn", "step": "record"}
    assert client.post(f"{FACT}correct/", typed).status_code == 303
    page = page_of(client.get(FACT))
    assert "the report was withdrawn" in page
    assert Fact.objects.get(revision=2).value is None


def test_what_depends_on_a_fact_is_named_and_becomes_stale(sign_in: SignIn) -> None:
    from hengneng.standing.models import StaleMark

    target = _a_dependency()
    client = sign_in()
    preview = page_of(client.post(f"{FACT}correct/", {**TYPED, "step": "preview"}))
    assert "Once recorded, 1 verdict is marked" in preview or target in preview
    client.post(f"{FACT}correct/", {**TYPED, "step": "record"})
    assert StaleMark.objects.filter(target=target, fact__endswith="#2").exists()
    assert "to be computed again" in page_of(client.get(FACT))


def _a_dependency() -> str:
    """A plan with one target whose verdict has asked for the fact; its target."""
    from support.synthetic import PLANS

    from hengneng.standing.models import Dependency
    from hengneng.standing.plans import load_plan_folder, plan_of

    edition = load_plan_folder(PLANS / "xinjiang-2015").edition
    target = plan_of(edition).targets[0].id
    Dependency.objects.get_or_create(
        plan=edition, target=target, place_id=URUMQI, period="2014", measure=MEASURE, subject_id=URUMQI,
        fact_period="2014",
    )  # fmt: skip
    return target


# New facts


def test_a_new_fact_in_two_steps(sign_in: SignIn) -> None:
    client = sign_in()
    subject = {"measure": MEASURE, "place": "乌鲁木齐市", "period": "2015"}
    form = page_of(client.get("/facts/new/", subject))
    assert "Last period: 2014" in form
    assert "<b>500</b>" in form
    typed = {**TYPED, **subject, "place": URUMQI, "value": "520"}
    assert "What will change" in page_of(client.post("/facts/new/", {**typed, "step": "preview"}))
    answer = client.post("/facts/new/", {**typed, "step": "record"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/facts/{MEASURE}/{URUMQI}/2015/"
    assert Act.objects.filter(verb="fact.record").count() == 1


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        ({"measure": "beauty", "place": URUMQI, "period": "2015"}, "field-measure"),
        ({"measure": MEASURE, "place": "Atlantis", "period": "2015"}, "field-place"),
        ({"measure": MEASURE, "place": URUMQI, "period": "soon"}, "field-period"),
        ({"measure": MEASURE, "place": URUMQI, "period": "2014"}, "field-measure"),
    ],
)
def test_what_a_new_fact_is_about_is_checked(sign_in: SignIn, subject: dict[str, str], field: str) -> None:
    page = page_of(sign_in().get("/facts/new/", subject), 422)
    assert f'href="#{field}"' in page
    assert f'value="{subject["place"]}"' in page


def test_a_new_fact_about_a_place_of_others_is_refused(sign_in: SignIn) -> None:
    client = sign_in()
    subject = {"measure": MEASURE, "place": HAMI, "period": "2015"}
    assert client.get("/facts/new/", subject).status_code == 403
    assert client.post("/facts/new/", {**TYPED, **subject, "step": "record"}).status_code == 403
