"""Pages of signing in, one's account, people and the log, as a browser without script would use them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hengneng.language import message

if TYPE_CHECKING:
    from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture
def people(site: Client) -> dict[str, str]:
    """The example people of Xinjiang with the secrets of their links."""
    from pathlib import Path

    from hengneng.access import terminal_actor
    from hengneng.access.appointing import load_people

    file = Path(__file__).resolve().parents[2] / "plans" / "xinjiang-2015" / "people.example.csv"
    return {person.identifier: secret for person, secret in load_people(terminal_actor(), file, example=True)}


@pytest.fixture
def enter(site: Client, people: dict[str, str]) -> Callable[[str], Client]:
    """Signs somebody in by their link."""

    def go_in(identifier: str) -> Client:
        from hengneng.accounts.links import find_link

        address = f"/first-sign-in/{people[identifier]}/"
        if find_link(people[identifier]):
            answer = site.post(address, {"password": PASSWORD, "again": PASSWORD})
        else:
            answer = site.post("/sign-in/", {"identifier": identifier, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        return site

    return go_in


def said(identifier: str, **values: object) -> str:
    return message(identifier, **values).zh


def test_a_link_leads_in_once(site: Client, people: dict[str, str]) -> None:
    address = f"/first-sign-in/{people['example.hami']}/"
    page = site.get(address).content.decode()
    assert "示例·哈密办公室" in page
    answer = site.post(address, {"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert site.get("/account/").status_code == 200
    site.post("/sign-out/")
    assert site.get(address).status_code == 404


def test_a_weak_password_is_refused_with_words(site: Client, people: dict[str, str]) -> None:
    answer = site.post(f"/first-sign-in/{people['example.hami']}/", {"password": "short", "again": "short"})
    assert answer.status_code == 400
    assert said("accounts.password.short", least=12, found=5) in answer.content.decode()


def test_two_different_passwords_are_refused(site: Client, people: dict[str, str]) -> None:
    answer = site.post(f"/first-sign-in/{people['example.hami']}/", {"password": PASSWORD, "again": PASSWORD + "x"})
    assert answer.status_code == 400
    assert said("web.account.not_the_same") in answer.content.decode()


def test_the_wrong_password_keeps_the_name_and_says_why(enter: Callable[[str], Client]) -> None:
    site = enter("example.hami")
    site.post("/sign-out/")
    answer = site.post("/sign-in/", {"identifier": "example.hami", "password": "wrong"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said("accounts.sign_in.wrong") in page
    assert 'value="example.hami"' in page
    assert "wrong" not in page.split("</form>")[0].split("<form")[-1].replace("wrong_", "")


def test_a_locked_name_is_told_how_long(enter: Callable[[str], Client]) -> None:
    site = enter("example.hami")
    site.post("/sign-out/")
    for _ in range(5):
        site.post("/sign-in/", {"identifier": "example.hami", "password": "wrong"})
    answer = site.post("/sign-in/", {"identifier": "example.hami", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("following", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(enter: Callable[[str], Client], following: str) -> None:
    site = enter("example.hami")
    site.post("/sign-out/")
    answer = site.post("/sign-in/", {"identifier": "example.hami", "password": PASSWORD, "next": following})
    assert answer.headers["Location"] == "/"


def test_signing_in_leads_back_to_where_one_wanted_to_go(enter: Callable[[str], Client]) -> None:
    site = enter("example.hami")
    site.post("/sign-out/")
    refused = site.get("/log/")
    assert refused.status_code == 403
    way = re.search(r'href="(/sign-in/\?next=[^"]+)"', refused.content.decode())
    assert way
    answer = site.post("/sign-in/", {"identifier": "example.hami", "password": PASSWORD, "next": "/log/"})
    assert answer.headers["Location"] == "/log/"


def test_an_idle_session_ends(enter: Callable[[str], Client]) -> None:
    import datetime as dt

    from django.utils import timezone

    from hengneng.accounts.policy import policy

    site = enter("example.hami")
    assert site.get("/account/").status_code == 200
    session = site.session
    session["seen"] = (timezone.now() - policy().idle - dt.timedelta(seconds=1)).isoformat()
    session.save()
    assert site.get("/account/").status_code == 403


def test_a_session_ends_after_its_longest_time_however_busy(enter: Callable[[str], Client]) -> None:
    import datetime as dt

    from django.utils import timezone

    from hengneng.accounts.policy import policy

    site = enter("example.hami")
    site.get("/account/")
    session = site.session
    session["opened"] = (timezone.now() - policy().longest_session - dt.timedelta(seconds=1)).isoformat()
    session.save()
    assert site.get("/account/").status_code == 403


def test_signing_out_everywhere_ends_the_sessions_at_other_desks(enter: Callable[[str], Client]) -> None:
    from django.test import Client

    site = enter("example.hami")
    other = Client(headers={"host": "localhost"})
    other.post("/sign-in/", {"identifier": "example.hami", "password": PASSWORD})
    assert other.get("/account/").status_code == 200
    site.post("/account/sign-out-everywhere/")
    assert other.get("/account/").status_code == 403
    assert site.get("/account/").status_code == 403


def test_a_changed_password_keeps_this_desk_and_ends_the_others(enter: Callable[[str], Client]) -> None:
    from django.test import Client

    site = enter("example.hami")
    other = Client(headers={"host": "localhost"})
    other.post("/sign-in/", {"identifier": "example.hami", "password": PASSWORD})
    new = "another long password"
    wrong = site.post("/account/password/", {"present": "x", "password": new, "again": new})
    assert wrong.status_code == 400
    assert site.post("/account/password/", {"present": PASSWORD, "password": new, "again": new}).status_code == 302
    assert site.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 403


def test_forms_without_their_token_are_refused(people: dict[str, str]) -> None:
    from django.test import Client

    strict = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    answer = strict.post("/sign-in/", {"identifier": "example.hami", "password": PASSWORD})
    assert answer.status_code == 403
    assert said("web.refused.form") in answer.content.decode()


def test_nothing_of_a_signed_in_page_is_kept_by_the_browser(enter: Callable[[str], Client]) -> None:
    assert enter("example.hami").get("/account/").headers["Cache-Control"] == "no-store"


def test_the_second_factor_is_switched_on_and_asked_for(enter: Callable[[str], Client]) -> None:
    import time

    import pyotp

    site = enter("example.hami")
    site.post("/account/second-factor/", {"act": "begin"})
    page = site.get("/account/").content.decode()
    secret = site.session["totp_secret"]
    assert secret in page
    assert "data:image/svg+xml" in page
    wrong = site.post("/account/second-factor/", {"act": "finish", "code": "000000"})
    assert wrong.status_code == 400
    code = pyotp.TOTP(secret).at(time.time() - 30)
    assert site.post("/account/second-factor/", {"act": "finish", "code": code}).status_code == 302
    site.post("/sign-out/")
    given = {"identifier": "example.hami", "password": PASSWORD}
    assert site.post("/sign-in/", given).status_code == 400
    assert site.post("/sign-in/", given | {"code": pyotp.TOTP(secret).now()}).status_code == 302


def test_only_administrators_see_people(enter: Callable[[str], Client], people: dict[str, str]) -> None:
    for identifier in people:
        site = enter(identifier)
        expected = 200 if identifier == "example.administrator" else 403
        for address in ("/people/", "/people/add/", "/people/example.hami/"):
            assert site.get(address).status_code == expected, (identifier, address)
        assert site.post("/people/example.hami/change/", {"act": "nonsense"}).status_code in (400, 403)
        site.post("/sign-out/")


def test_somebody_is_added_appointed_and_shut_out(enter: Callable[[str], Client]) -> None:
    site = enter("example.administrator")
    given = {"identifier": "Wang Li", "name": "王丽", "role": "county_office", "organisation": "county-office-652301"}
    refused = site.post("/people/add/", given)
    assert refused.status_code == 400
    assert 'value="王丽"' in refused.content.decode()
    site.post("/people/add/", given | {"identifier": "wang.li", "language": "zh"})
    page = site.get("/people/wang.li/").content.decode()
    link = re.search(r"http://localhost(/first-sign-in/[^<]+)", page)
    assert link
    assert link[1] not in site.get("/people/wang.li/").content.decode()
    without_reason = site.post("/people/wang.li/change/", {"act": "shut-out"})
    assert without_reason.status_code == 400
    site.post("/people/wang.li/change/", {"act": "shut-out", "reason": "调离"})
    assert site.get(link[1]).status_code == 404
    log = site.get("/log/?name=wang.li").content.decode()
    assert "调离" in log
    assert said("act.person.deactivate") in log


def test_the_last_administrator_stays(enter: Callable[[str], Client]) -> None:
    site = enter("example.administrator")
    answer = site.post("/people/example.administrator/change/", {"act": "shut-out", "reason": "x"})
    assert answer.status_code == 400
    assert "最后一名系统管理员" in answer.content.decode()


def test_everybody_reads_their_own_acts_and_no_more_than_their_office_covers(
    enter: Callable[[str], Client], people: dict[str, str]
) -> None:
    from hengneng.acts import record

    record("terminal:root", "fact.correct", "fact", "gdp/652200/2014", place="652200")
    record("terminal:root", "fact.correct", "fact", "gdp/652300/2014", place="652300")
    seen = {}
    for identifier in ("example.hami", "example.changji", "example.region", "example.auditor", "example.unit"):
        site = enter(identifier)
        page = site.get("/log/").content.decode()
        seen[identifier] = ("gdp/652200/2014" in page, "gdp/652300/2014" in page)
        assert said("act.person.password_by_link") in page
        site.post("/sign-out/")
    assert seen == {
        "example.hami": (True, False),
        "example.changji": (False, True),
        "example.region": (True, True),
        "example.auditor": (True, True),
        "example.unit": (False, False),
    }


def test_the_log_is_verified_on_the_page(enter: Callable[[str], Client]) -> None:
    from hengneng.acts.recording import head_file

    # Other tests of this process may have left the head of a log that is rolled back by now.
    head_file().unlink(missing_ok=True)
    site = enter("example.auditor")
    assert "日志完整" in site.get("/log/?verify=1").content.decode()


def test_the_administration_is_for_administrators_only(enter: Callable[[str], Client]) -> None:
    site = enter("example.region")
    assert site.get("/admin/").status_code == 302
    site.post("/sign-out/")
    assert enter("example.administrator").get("/admin/registry/organisation/").status_code == 200


def test_a_change_in_the_administration_is_an_act(enter: Callable[[str], Client]) -> None:
    from hengneng.acts.models import Act
    from hengneng.registry.models import Organisation

    site = enter("example.administrator")
    one = Organisation.objects.get(identifier="county-office-652301")
    fields = {
        "identifier": one.identifier, "kind": one.kind, "name_zh": "新名", "name_en": one.name_en,
        "place": one.place_id, "parent": one.parent_id or "", "valid_from": "", "valid_to": "",
        "source": one.source, "confidence": one.confidence,
    }  # fmt: skip
    answer = site.post(f"/admin/registry/organisation/{one.pk}/change/", fields)
    assert answer.status_code == 302, re.findall(r'errorlist[^>]*>(.*?)</ul>', answer.content.decode())
    act = Act.objects.filter(verb="organisation.change").get()
    assert act.details["after"]["name_zh"] == "新名"
    assert act.details["before"]["name_zh"] == one.name_zh
