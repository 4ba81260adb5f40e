"""What pages of standings cost: as many queries for many places as for few, and a light page."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from support.standing_pages import PLAN, office, rows, text_of
from support.synthetic import YEARS, forget_places, load_model, synthetic_plan

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.xdist_group("pages"), pytest.mark.django_db]

LIGHTEST = 400_000  # bytes over the wire, of the page and everything it loads

MOST = {"/": 80, "/plans/": 90, "/places/{}/": 70}


@pytest.fixture
def sizes(db: None) -> Iterator[dict[int, str]]:
    """Plans of 15 and 300 places, by the address of their standing."""
    with transaction.atomic():
        model = load_model()
        yield {places: f"/plans/{synthetic_plan(model, places).identifier}/?period={YEARS[-1]}" for places in (15, 300)}
        transaction.set_rollback(True)
    forget_places()


@pytest.mark.parametrize("role", ["public", "auditor", "prefecture_office"])
def test_a_page_asks_no_more_for_300_places_than_for_15(sizes: dict[int, str], role: str) -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    if role != "public":
        client.force_login(office(role, "650100"))
    counts = {}
    for places, address in sizes.items():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            page = text_of(client.get(address))
        counts[places] = len(queries)
        assert f">{places} 个地州市" in page or f"{places} 项" in page
    assert counts[300] <= counts[15] <= 40


def test_pages_of_a_long_table_turn(sizes: dict[int, str]) -> None:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    seen: list[str] = []
    for number in range(1, 9):
        seen += rows(text_of(client.get(f"{sizes[300]}&page={number}")))
    assert len(seen) == len(set(seen)) == 300


def test_the_page_with_all_it_loads_is_light(site: Client) -> None:
    from django.contrib.staticfiles.finders import find

    for plan in ("xinjiang-2015", "china-2020", "china-12th-five-year"):
        answer = site.get(f"/plans/{plan}/")
        total = len(gzip.compress(answer.content))
        for address in re.findall(r'(?:src|href)="/static/([^"]+)"', text_of(answer)):
            file = find(address)
            packed = find(f"{address}.gz")
            with open(packed or file, "rb") as content:
                total += len(content.read())
        assert total < LIGHTEST, plan


@pytest.mark.parametrize("role", ["public", "region_office"])
@pytest.mark.parametrize("address", MOST)
def test_queries_of_other_pages_are_bounded(db: None, role: str, address: str) -> None:
    """The same with a plan of 15 places as with one of 300, each alone in the database."""
    from django.test import Client

    counts = {}
    for places in (15, 300):
        with transaction.atomic():
            synthetic_plan(load_model(), places)
            client = Client(headers={"host": "localhost"})
            if role != "public":
                client.force_login(office(role, "650000"))
            asked = address.format(f"{places:06d}-000000")
            client.get(asked)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(asked).status_code == 200
            counts[places] = len(queries)
            transaction.set_rollback(True)
        forget_places()
    assert counts[300] <= counts[15] <= MOST[address], counts


@pytest.mark.parametrize("role", ["public", "auditor"])
def test_queries_of_a_figure_are_bounded(site: Client, signed_in: Any, role: str) -> None:
    page = text_of(site.get(f"{PLAN}?period=2014&indicator=energy_intensity"))
    links = sorted(set(re.findall(r'href="(/figures/[0-9a-f]+/)"', page)))
    if role != "public":
        signed_in(role, "650000")
    counts = []
    for link in links[::9]:
        site.get(link)
        with CaptureQueriesContext(connection) as queries:
            assert site.get(link).status_code == 200
        counts.append(len(queries))
    assert max(counts) <= 30, counts
