"""Publishing: the verdicts that are current at a moment become public, with every figure they rest on, for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, FloatField, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from hengneng.access import Actor, Verb, decide, require, seen_by, terminal_actor
from hengneng.acts import new_act_id, record
from hengneng.database.inserting import insert
from hengneng.database.locking import one_writer
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.registry.models import PlanEdition
from hengneng.rules.divisions import subject_code
from hengneng.standing.computing import compute_known, ensure_computed
from hengneng.standing.models import (
    ComputedPeriod,
    Publication,
    PublishedFigure,
    Run,
    StandingRow,
    StoredFigure,
    StoredVerdict,
)
from hengneng.standing.observing import observe
from hengneng.standing.plans import current_edition, plan_of
from hengneng.standing.rows import NO_GAP
from hengneng.standing.storing import load_traces

BATCH = 200
# What a line says: two rows that agree in all of it have not changed for whoever reads them.
_COMPARED = ("level", "example", "unverified", "reason")
_NUMBERS_COMPARED = (
    "target_value", "achieved", "due", "gap", "progress", "yearly", "remaining", "warning",
)  # fmt: skip


class NothingToPublishError(Exception):
    """The plan has no verdict for the period."""


def publish(actor: Actor, edition: PlanEdition, period: Period, note: str | Text = "") -> Publication:
    """Make the current standing of a plan for a period public.

    RefusedAccessError when ``actor`` may not; NothingToPublishError when there is no verdict. A later correction
    changes the current standing only, until somebody publishes again.
    """
    place = jurisdiction(edition)
    require(actor, Verb.PUBLISH, place=place)
    ensure_computed(edition, period)
    observations = [series.to_json() for series in observe(plan_of(edition), None)]
    with transaction.atomic():
        one_writer(Run._meta.db_table)
        rows = list(StandingRow.objects.filter(plan=edition, publication=None, period=period.written))
        if not rows:
            raise NothingToPublishError(f"{edition} {period}")
        act = new_act_id()
        verdicts = [row.verdict_id for row in rows]
        publication = Publication.objects.create(
            plan=edition,
            period=period.written,
            period_end=period.end,
            last_run_id=StoredVerdict.objects.filter(rows__in=_current(edition, period)).aggregate(run=Max("run"))[
                "run"
            ],
            published_at=timezone.now(),
            published_by=actor.name or actor.identifier,
            note="" if isinstance(note, Text) else note,
            note_texts={"zh": note.zh, "en": note.en} if isinstance(note, Text) else None,
            act=act,
            observations=observations,
        )
        for row in rows:
            row.pk = None
            row.publication = publication
        insert(rows)
        digests = _figures_of(verdicts) | {point["figure"] for one in observations for point in one["points"]}
        insert(PublishedFigure(publication=publication, digest=digest) for digest in sorted(load_traces(digests)))
        record(
            actor.identifier,
            verb="standing.publish",
            kind="standing",
            name=f"{edition.identifier}/{period.written}",
            place=place,
            reason=note.zh if isinstance(note, Text) else note,
            details={"edition": edition.edition, "rows": len(rows), "last_run": publication.last_run_id},
            identifier=act,
        )
    return publication


def _current(edition: PlanEdition, period: Period) -> QuerySet[StandingRow]:
    return StandingRow.objects.filter(plan=edition, publication=None, period=period.written)


def _figures_of(verdicts: Iterable[int]) -> set[str]:
    keys, found = list(verdicts), set[str]()
    for start in range(0, len(keys), BATCH):
        through = StoredVerdict.figures.through.objects.filter(storedverdict__in=keys[start : start + BATCH])
        found.update(through.values_list("storedfigure_id", flat=True))
    return found


def jurisdiction(edition: PlanEdition) -> str:
    """Stable code of the place whose plan it is."""
    return subject_code(plan_of(edition).head.jurisdiction)


def may_publish(actor: Actor, edition: PlanEdition) -> bool:
    """Whether ``actor`` may publish standings of the plan."""
    return decide(actor, Verb.PUBLISH, place=jurisdiction(edition)).allowed


def publications_of(
    edition: PlanEdition, period: Period | None = None, moment: dt.datetime | None = None
) -> QuerySet[Publication]:
    """Publications of a plan, the newest first; ``moment``: those there were by then."""
    found = Publication.objects.filter(plan__identifier=edition.identifier, plan=edition)
    if period is not None:
        found = found.filter(period=period.written)
    if moment is not None:
        found = found.filter(published_at__lte=moment)
    return found.order_by("-published_at", "-pk")


def in_force(edition: PlanEdition, moment: dt.datetime | None = None) -> dict[str, Publication]:
    """The publication that counts for each period, now or at ``moment``."""
    newest: dict[str, Publication] = {}
    for one in publications_of(edition, None, moment).defer("observations"):
        newest.setdefault(one.period, one)
    return newest


def changed_rows(publication: Publication) -> QuerySet[StandingRow]:
    """Current rows that say something else than what was published of the same line, or of which nothing was.

    A verdict that was computed again with the same result is no change.
    """
    # A later verdict has a greater key: only those have to be compared.
    newest = publication.rows.aggregate(newest=Max("verdict_id"))["newest"] or 0
    current = StandingRow.objects.filter(
        plan=publication.plan_id, publication=None, period=publication.period, verdict_id__gt=newest
    )
    same = {name: Coalesce(OuterRef(name), Value(NO_GAP), output_field=FloatField()) for name in _NUMBERS_COMPARED}
    published = StandingRow.objects.filter(
        publication=publication, **{name: OuterRef(name) for name in ("target", "place", *_COMPARED)}
    )
    published = published.alias(
        **{f"{name}_or_none": Coalesce(name, Value(NO_GAP), output_field=FloatField()) for name in same}
    ).filter(**{f"{name}_or_none": value for name, value in same.items()})
    return current.filter(~Exists(published))


def changed_since(publication: Publication) -> int:
    """How many current lines say something else than what was published."""
    return changed_rows(publication).count()


def is_public(digest: str) -> bool:
    """Whether a figure has been published, by itself or below another."""
    return PublishedFigure.objects.filter(digest=digest).exists()


def require_figure(actor: Actor, digest: str) -> None:
    """Let through who may see a figure: anybody when it is public, else who may see what is unpublished at its place.

    RefusedAccessError otherwise; StoredFigure.DoesNotExist for an unknown digest.
    """
    if not is_public(digest):
        subject = StoredFigure.objects.values_list("subject", flat=True).get(pk=digest)
        require(actor, Verb.SEE_UNPUBLISHED, place=subject or None)


def verdicts_seen(actor: Actor, digest: str) -> QuerySet[StoredVerdict]:
    """Verdicts that a figure belongs to and that ``actor`` may see, the newest first."""
    verdicts = StoredVerdict.objects.filter(figures=digest)
    own = seen_by(actor, verdicts, Verb.SEE_UNPUBLISHED).values("pk")
    public = verdicts.filter(rows__publication__isnull=False).values("pk")
    return StoredVerdict.objects.filter(Q(pk__in=own) | Q(pk__in=public)).order_by("-run_id")


def publish_what_never_was(actor: Actor | None = None) -> list[Publication]:
    """Publish every computed period of plans that have no publication at all, so that a demonstration shows something.

    Done once: what arrives later is published by people.
    """
    compute_known()
    made = []
    for identifier in sorted(set(PlanEdition.objects.values_list("identifier", flat=True))):
        if Publication.objects.filter(plan__identifier=identifier).exists():
            continue
        edition = current_edition(identifier)
        for written in (
            ComputedPeriod.objects.filter(plan=edition).order_by("period_end").values_list("period", flat=True)
        ):
            note = message("standing.published_at_start")
            made.append(publish(actor or terminal_actor(), edition, Period.parse(written), note))
    return made
