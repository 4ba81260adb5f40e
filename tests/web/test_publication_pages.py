"""Publishing from the page, what the public then sees, and what was published as it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from support.standing_pages import PLAN, correct, rows, text_of

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.django_db]


def test_the_public_sees_what_was_published_and_says_so(site: Client) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014"))
    assert '<p class="status published">' in page
    assert '<p class="status nothing">' in text_of(site.get(f"{PLAN}?period=2009"))


def test_a_correction_is_seen_by_the_office_and_not_by_the_public(site: Client, signed_in: Any) -> None:
    address = f"{PLAN}?period=2014&indicator=energy_intensity&q=650100"
    before = text_of(site.get(address))
    correct()
    assert rows(text_of(site.get(address))) == rows(before)
    assert "on_track" in before
    link = re.search(r'<td class="achieved.*?href="(/figures/[0-9a-f]+/)"', before)
    assert link is not None
    assert site.get(link[1]).status_code == 200
    mine = text_of(signed_in("region_office", "650000").get(address))
    assert '<p class="status current">' in mine
    assert re.search(r'<tr data-searchable="[^"]*650100" class="behind">', mine)
    fresh = re.search(r'<td class="achieved.*?href="(/figures/[0-9a-f]+/)"', mine)
    assert fresh is not None
    assert fresh[1] != link[1]
    assert site.get(fresh[1]).status_code == 200
    site.logout()
    assert site.get(fresh[1]).status_code == 403
    assert site.get(fresh[1].rstrip("/") + ".json").status_code == 403
    export = site.get(f"{PLAN}standing.csv?period=2014&indicator=energy_intensity&place=650100&lang=en").getvalue()
    assert b"behind" not in export


def test_publishing_from_the_page(site: Client, signed_in: Any) -> None:
    from hengneng.acts.models import Act
    from hengneng.standing.models import Publication

    correct()
    count = Publication.objects.count()
    assert site.get(f"{PLAN}publish/?period=2014").status_code == 403
    office_client = signed_in("region_office", "650000")
    asked = text_of(office_client.get(f"{PLAN}publish/?period=2014", headers={"accept-language": "zh"}))
    assert re.search(r"此后有 [1-9]\d* 项结论变动", asked)
    assert "示例数据" in asked
    answer = office_client.post(f"{PLAN}publish/?period=2014", {"note": "更正后重新公布"})
    assert answer.status_code in (302, 303)
    assert Publication.objects.count() == count + 1
    assert Act.objects.order_by("sequence").last().verb == "standing.publish"
    site.logout()
    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity&q=650100"))
    assert "更正后重新公布" in page
    assert re.search(r'<tr data-searchable="[^"]*650100" class="behind">', page)


@pytest.mark.parametrize("role", ["auditor", "department", "administrator", "county_office"])
def test_others_may_not_publish(signed_in: Any, role: str) -> None:
    client = signed_in(role, "650000")
    assert client.get(f"{PLAN}publish/?period=2014").status_code == 403
    assert client.post(f"{PLAN}publish/?period=2014", {"note": ""}).status_code == 403
    assert "/publish/" not in text_of(client.get(f"{PLAN}?period=2014"))


def published_row(page: str, place: str = "650100") -> str:
    found = re.search(rf'<tr data-searchable="[^"]* {place}" class="(\w+)">', page)
    assert found is not None
    return found[1]


def test_a_publication_is_read_as_it_was(signed_in: Any) -> None:
    client = signed_in("region_office", "650000")
    query = "period=2014&indicator=energy_intensity"
    correct()
    now = text_of(client.get(f"{PLAN}?{query}"))
    assert published_row(now) == "behind"
    link = re.search(r'href="(/plans/xinjiang-2015/\?publication=\d+)"', now)
    assert link is not None
    then = text_of(client.get(f"{link[1]}&{query}"))
    assert '<p class="status pinned">' in then
    assert published_row(then) == "on_track"
    assert 'name="publication"' in then
    export = client.get(link[1].replace("?", "standing.csv?") + f"&{query}&place=650100&lang=en").getvalue()
    assert b"behind" not in export
    # Another period leads out of the publication.
    assert '<p class="status current">' in text_of(client.get(f"{link[1]}&period=2013"))


@pytest.mark.parametrize("written", ["0", "99999", "x", "9" * 40, "-1"])
def test_a_publication_that_is_not_there(site: Client, written: str) -> None:
    answer = site.get(f"{PLAN}?publication={written}")
    assert answer.status_code == 404
    assert f'href="{PLAN}"' in text_of(answer)


def test_the_note_of_the_program_is_in_one_language(site: Client) -> None:
    chinese = text_of(site.get(f"{PLAN}?period=2014&lang=zh"))
    english = text_of(site.get(f"{PLAN}?period=2014&lang=en"))
    assert "演示：首次运行时自动公布。" in chinese
    assert "Demonstration" not in chinese
    assert "Demonstration: published by the first run." in english
    assert "演示" not in english


def test_what_has_changed_since_the_publication_is_shown_to_who_may_publish(signed_in: Any, site: Client) -> None:
    address = f"{PLAN}?period=2014&indicator=energy_intensity&lang=zh"
    office_client = signed_in("region_office", "650000")
    assert "公布的内容一致" in text_of(office_client.get(address))
    correct()
    page = text_of(office_client.get(address))
    said = re.search(r"公布以来有 (\d+) 项变动", page)
    assert said is not None
    assert page.count('<span class="mark changed">变动：公布时为“达到进度”</span>') == 1
    only = re.search(r'<a href="(/plans/xinjiang-2015/\?[^"]*changed=only)">', page)
    assert only is not None
    narrowed = text_of(office_client.get(only[1].replace("&amp;", "&")))
    assert len(rows(narrowed)) == narrowed.count('<span class="mark changed">') == int(said[1])
    site.logout()
    other = text_of(signed_in("auditor", "650000").get(address))
    assert 'class="mark changed"' not in other
    assert "项变动" not in other


def test_what_was_computed_again_with_the_same_result_has_not_changed(loaded: None) -> None:
    from hengneng.periods import Period
    from hengneng.standing.computing import compute, lines_of
    from hengneng.standing.plans import current_edition, plan_of
    from hengneng.standing.publishing import changed_since, in_force

    with transaction.atomic():
        edition = current_edition("xinjiang-2015")
        compute(edition, lines_of(plan_of(edition), Period.parse("2014")), "again")
        assert changed_since(in_force(edition)["2014"]) == 0
        transaction.set_rollback(True)
