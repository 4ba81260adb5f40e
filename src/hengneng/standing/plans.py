"""Loading plan folders into the database, and getting them back as plans."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.db import transaction
from pydantic import ValidationError

from hengneng.periods import Period
from hengneng.plans.checks import check_plan
from hengneng.plans.model import Plan
from hengneng.problems import Problem, RefusedError
from hengneng.registry.models import Organisation, PlanEdition
from hengneng.registry.organisations import FILE as ORGANISATIONS_FILE
from hengneng.registry.organisations import load_organisations, read_organisations
from hengneng.registry.places import ensure_places
from hengneng.registry.signals import plan_loaded
from hengneng.rules.divisions import subject_code
from hengneng.standing.models import PublishedVerdict

PUBLISHED_FILE = "published.csv"
PUBLISHED_COLUMNS = (
    "target",
    "place",
    "period",
    "scheme",
    "verdict",
    "source",
    "source_via",
    "confidence",
    "note",
)


@dataclass(frozen=True)
class LoadResult:
    """A plan edition in the database. ``created`` is False when the same edition was already there."""

    edition: PlanEdition
    created: bool
    published: int


def load_plan_folder(folder: Path) -> LoadResult:
    """Check a plan folder and load it with its published verdicts and its organisations.

    RefusedError with the findings of the checks; L001 when this edition was loaded before with other content; L002
    for a row of published.csv that cannot be used; L010 to L014 for organisations.csv.
    """
    report = check_plan(folder)
    if report.loaded is None or not report.accepted:
        raise RefusedError(*(problem for problem in report.problems if problem.refuses))
    plan = report.loaded.plan
    published = _read_published(folder / PUBLISHED_FILE, plan)
    organisations = read_organisations(folder / ORGANISATIONS_FILE, [body.id for body in plan.head.organisations])
    with transaction.atomic():
        ensure_places([place.code for place in plan.places] + [row["place"] for row in published])
        edition = PlanEdition.objects.filter(identifier=plan.id, edition=plan.head.edition).first()
        if edition is not None and edition.digest != plan.digest:
            raise RefusedError(
                Problem(
                    "L001",
                    str(folder),
                    {
                        "plan": plan.id,
                        "edition": plan.head.edition,
                        "found": plan.digest[:12],
                        "expected": edition.digest[:12],
                    },
                )
            )
        created = edition is None
        if edition is None:
            edition = PlanEdition.objects.create(
                identifier=plan.id,
                edition=plan.head.edition,
                digest=plan.digest,
                content=plan.model_dump(mode="json"),
                texts={source: text.text for source, text in report.loaded.texts.items()},
                supersedes=plan.head.supersedes,
            )
        _load_organisations(plan)
        # What the file says of a body that the document names too goes further, and comes last.
        load_organisations(organisations)
        _load_published(edition, published)
        plan_loaded.send(sender=PlanEdition, edition=edition, plan=plan)
    return LoadResult(edition, created, len(published))


def _load_organisations(plan: Plan) -> None:
    for body in plan.head.organisations:
        Organisation.objects.update_or_create(
            identifier=body.id,
            defaults={
                "kind": body.kind,
                "name_zh": body.name.zh,
                "name_en": body.name.en,
                "place_id": subject_code(body.place),
            },
        )


def _read_published(file: Path, plan: Plan) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        if tuple(reader.fieldnames or ()) != PUBLISHED_COLUMNS:
            raise RefusedError(
                Problem(
                    "L002",
                    f"{file.name}:1",
                    {"found": ", ".join(reader.fieldnames or ()), "expected": ", ".join(PUBLISHED_COLUMNS)},
                )
            )
        rows = list(reader)
    targets = {target.id for target in plan.targets} | {""}
    meanings = plan.head.published_verdict_meaning
    problems = []
    for line, row in enumerate(rows, start=2):
        if row["target"] not in targets:
            problems.append(Problem("L002", f"{file.name}:{line}", {"found": row["target"], "expected": "target id"}))
        if row["scheme"] not in plan.head.published_schemes:
            expected = ", ".join(plan.head.published_schemes)
            problems.append(Problem("L002", f"{file.name}:{line}", {"found": row["scheme"], "expected": expected}))
        if row["verdict"] not in meanings and not row["verdict"].endswith("%"):
            expected = ", ".join(meanings)
            problems.append(Problem("L002", f"{file.name}:{line}", {"found": row["verdict"], "expected": expected}))
    if problems:
        raise RefusedError(*problems)
    return rows


def _load_published(edition: PlanEdition, rows: list[dict[str, str]]) -> None:
    known = {
        (verdict.target, verdict.place_id, verdict.period, verdict.scheme)
        for verdict in edition.published_verdicts.all()
    }
    fresh = []
    for row in rows:
        key = (row["target"], subject_code(row["place"]), row["period"], row["scheme"])
        if key not in known:
            known.add(key)
            fresh.append(PublishedVerdict(plan=edition, **{**row, "place": None, "place_id": key[1]}))
    PublishedVerdict.objects.bulk_create(fresh)


def current_edition(identifier: str) -> PlanEdition:
    """The newest edition of a plan. PlanEdition.DoesNotExist when it was never loaded."""
    # Content and texts are large, and pages rarely want them: the plan is kept in memory (plan_of).
    editions = PlanEdition.objects.filter(identifier=identifier).defer("content", "texts")
    found = editions.order_by("edition").last()
    if found is None:
        raise PlanEdition.DoesNotExist(identifier)
    return found


@lru_cache(maxsize=32)
def _plan(digest: str, primary_key: int) -> Plan:
    edition = PlanEdition.objects.get(pk=primary_key)
    try:
        return Plan.model_validate(edition.content)
    except ValidationError as error:
        found = f"{error.error_count()} × {error.errors(include_url=False)[0]['msg']}"
        values = {"plan": edition.identifier, "edition": edition.edition, "found": found}
        raise RefusedError(Problem("L003", edition.identifier, values)) from error


def plan_of(edition: PlanEdition) -> Plan:
    """The plan of an edition; editions are written once, so it is kept in memory."""
    return _plan(edition.digest, edition.pk)


def concerns(edition: PlanEdition, period: Period) -> bool:
    """Whether the plan has anything to say of the period: others are not computed because somebody asks."""
    plan = plan_of(edition)
    head = plan.head
    last = max((target.due for target in plan.targets), default=head.in_force.last)
    first = min((t.base_year for t in plan.targets if t.base_year), default=head.in_force.first.year)
    return period.overlaps(dt.date(first, 1, 1), max(last, head.in_force.last))


def superseded_by(identifier: str) -> str | None:
    """The plan that supersedes this one, where one has been loaded."""
    newer = PlanEdition.objects.filter(supersedes=identifier).order_by("loaded_at").last()
    return newer.identifier if newer else None
