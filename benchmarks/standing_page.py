"""What the standing page costs with 15, 278 and 17,000 subjects, as a ratio to the smallest in the same run.

Each plan is made up: one indicator, three years, one verdict a subject and year, the last year published. The page is
asked for through Django's test client as the public sees it and as an auditor does, who sees every current row; the
median of several turns counts, taken in turn so that a busy machine is equally busy for all.

    .venv/bin/python benchmarks/standing_page.py [subjects …]
"""

from __future__ import annotations

import gzip
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SUBJECTS = (15, 278, 17_000)
TURNS = 31
GOAL = 1.5
QUERIES = {"by rank": "", "sorted": "&sort=achieved", "searched": "&q=place", "last page": "&page=100000"}

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def measured(client: Any, addresses: dict[int, str]) -> dict[int, tuple[float, int, int, int]]:
    """CPU seconds (median), queries, bytes, and bytes over the wire of each page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found = {}
    for subjects, address in addresses.items():
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        found[subjects] = (len(queries), len(answer.content), len(gzip.compress(answer.content)))
    seconds: dict[int, list[float]] = {subjects: [] for subjects in addresses}
    for _ in range(TURNS):
        for subjects, address in addresses.items():
            started = time.process_time()
            client.get(address)
            seconds[subjects].append(time.process_time() - started)
    return {subjects: (statistics.median(seconds[subjects]), *found[subjects]) for subjects in addresses}


def main() -> None:
    """Make the plans, measure, print the ratios; exit status 1 when the goal is missed."""
    subjects = tuple(map(int, sys.argv[1:])) or SUBJECTS
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HENGNENG_HOME"] = folder
        os.environ.pop("HENGNENG_DATABASE_URL", None)
        missed = run(subjects)
    if missed:
        sys.exit(f"more than {GOAL} times the smallest: {', '.join(missed)}")


def run(subjects: tuple[int, ...]) -> list[str]:
    """Print a line a page; the pages that miss the goal."""
    from hengneng.database.ready import prepare_database

    prepare_database()
    from django.test import Client
    from support.synthetic import YEARS, load_model, synthetic_plan

    from hengneng.accounts.models import Appointment, Person
    from hengneng.accounts.roles import Role
    from hengneng.registry.models import Organisation

    model = load_model()
    for number in subjects:
        synthetic_plan(model, number)
    auditor = Person.objects.create(identifier="auditor", name="auditor")
    body = Organisation.objects.filter(place="650000").first()
    Appointment.objects.create(person=auditor, role=Role.AUDITOR, organisation=body, valid_from="2000-01-01")
    public, signed_in = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})
    signed_in.force_login(auditor)
    missed = []
    for who, client in (("public", public), ("auditor", signed_in)):
        for name, query in QUERIES.items():
            addresses = {n: f"/plans/synthetic-{n}/?period={YEARS[-1]}{query}" for n in subjects}
            found = measured(client, addresses)
            least = found[subjects[0]][0]
            for number, (seconds, queries, size, sent) in found.items():
                ratio = seconds / least
                print(
                    f"{who:8} {name:10} subjects {number:6}  ratio {ratio:4.2f}  ({1000 * seconds:5.1f} ms CPU)  "
                    f"queries {queries:3}  {size:6} bytes, {sent:5} compressed"
                )
                if ratio > GOAL:
                    missed.append(f"{who} {name} {number}")
    return missed


if __name__ == "__main__":
    main()
