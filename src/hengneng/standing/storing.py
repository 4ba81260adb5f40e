"""Storing figures and verdicts of a run, and getting figures back whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hengneng.database.inserting import insert
from hengneng.evaluation.judging import Judgement
from hengneng.registry.models import PlanEdition
from hengneng.standing.models import Dependency, Run, StoredFigure, StoredVerdict
from hengneng.trace import Figure

BATCH = 500
REFERENCE = "figure-by-digest"


def store_figures(figures: Iterable[Figure]) -> None:
    """Store figures and every figure below them. What is stored already stays as it is."""
    rows = {figure.digest: figure for top in figures for figure in _with_parts(top)}
    known: set[str] = set()
    digests = list(rows)
    for start in range(0, len(digests), BATCH):
        part = digests[start : start + BATCH]
        known.update(StoredFigure.objects.filter(digest__in=part).values_list("digest", flat=True))
    fresh = [_row(figure) for digest, figure in rows.items() if digest not in known]
    insert(fresh, ignore_known=True)


def _with_parts(figure: Figure) -> Iterator[Figure]:
    yield figure
    for _, node in figure.inputs:
        if isinstance(node, Figure):
            yield from _with_parts(node)


def _row(figure: Figure) -> StoredFigure:
    inputs = [
        {"role": role, "kind": REFERENCE, "digest": node.digest}
        if isinstance(node, Figure)
        else {"role": role, **node.to_json()}
        for role, node in figure.inputs
    ]
    return StoredFigure(
        digest=figure.digest,
        indicator=figure.indicator,
        subject=figure.subject,
        period=figure.period,
        value=figure.value,
        unit=figure.unit,
        trace={**figure.own_json(), "inputs": inputs},
    )


def load_figure(digest: str) -> Figure:
    """A stored figure whole, with every figure below it; one query a level.

    StoredFigure.DoesNotExist for an unknown digest.
    """
    return Figure.from_json(_whole(digest, load_traces([digest])))


def load_traces(digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Traces of figures and of all below them, by digest, with figures among the inputs as references.

    Read level by level: as many queries as the deepest derivation has levels. StoredFigure.DoesNotExist for an unknown
    digest.
    """
    traces: dict[str, dict[str, Any]] = {}
    wanted = set(digests)
    while wanted:
        batch = sorted(wanted)
        for start in range(0, len(batch), BATCH):
            part = batch[start : start + BATCH]
            traces.update(StoredFigure.objects.filter(digest__in=part).values_list("digest", "trace"))
        if missing := wanted - set(traces):
            raise StoredFigure.DoesNotExist(", ".join(sorted(missing)))
        wanted = {digest for one in batch for digest in referred(traces[one])} - set(traces)
    return traces


def referred(trace: Mapping[str, Any]) -> list[str]:
    """Digests of the figures among the inputs of a stored trace."""
    return [node["digest"] for node in trace["inputs"] if node["kind"] == REFERENCE]


def _whole(digest: str, traces: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    trace = dict(traces[digest])
    trace["inputs"] = [
        {"role": node["role"], **_whole(node["digest"], traces)} if node["kind"] == REFERENCE else node
        for node in trace["inputs"]
    ]
    return trace


def store_judgements(edition: PlanEdition, run: Run, judgements: Sequence[Judgement]) -> list[StoredVerdict]:
    """Store the verdicts of a run with their figures, and what they depend on."""
    store_figures(figure for judgement in judgements for figure in judgement.figures.values())
    verdicts = StoredVerdict.objects.bulk_create(
        [
            StoredVerdict(
                run=run,
                plan_identifier=judgement.plan,
                target=judgement.target,
                place_id=judgement.place,
                period=judgement.period,
                level=judgement.level,
                content=judgement.to_json(),
            )
            for judgement in judgements
        ],
        batch_size=BATCH,
    )
    through = StoredVerdict.figures.through
    insert(
        through(storedverdict_id=verdict.pk, storedfigure_id=digest)
        for verdict, judgement in zip(verdicts, judgements, strict=True)
        for digest in {figure.digest for figure in judgement.figures.values()}
    )
    dependencies = (
        Dependency(
            plan=edition,
            target=judgement.target,
            place_id=judgement.place,
            period=judgement.period,
            measure=key.measure,
            subject_id=key.subject,
            fact_period=key.period,
        )
        for judgement in judgements
        for key in judgement.dependencies
    )
    insert(dependencies, ignore_known=True)
    return verdicts
