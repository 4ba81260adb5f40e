"""Pages of one figure and one fact: where a number comes from."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from hengneng.access import Actor
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.plans.conditions import consequences
from hengneng.rules.divisions import DivisionError, division
from hengneng.standing.models import StoredFigure, StoredVerdict
from hengneng.standing.plans import current_edition, plan_of
from hengneng.standing.publishing import require_figure, verdicts_seen
from hengneng.standing.storing import load_figure
from hengneng.trace import Figure, canonical_json
from hengneng.web.proof import steps_of
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered, speech_of

LEAST_DIGITS = 8
VERDICTS_SHOWN = 5
_DIGEST = re.compile(r"[0-9a-f]+")


def _figure(actor: Actor, written: str) -> Figure:
    """The figure of a digest or of a prefix that only it has, where ``actor`` may see it.

    RefusedRequestError 404, or 400 for what is no digest; RefusedAccessError for what has not been published.
    """
    if not _DIGEST.fullmatch(written) or not LEAST_DIGITS <= len(written) <= 64:
        raise RefusedRequestError(400, message("web.refused.digest", found=written, least=LEAST_DIGITS))
    found = list(StoredFigure.objects.filter(digest__startswith=written).values_list("digest", flat=True)[:5])
    if not found:
        raise RefusedRequestError(404, message("web.refused.figure", found=written))
    if len(found) > 1:
        ways = [(reverse("figure", args=[digest]), Text(zh=digest, en=digest)) for digest in found]
        raise RefusedRequestError(404, message("web.refused.ambiguous", found=written), ways)
    require_figure(actor, found[0])
    return load_figure(found[0])


def _place(subject: str) -> Text:
    try:
        return division(subject).name
    except DivisionError:
        return Text(zh=subject or "—", en=subject or "—")


@answered
def figure(request: HttpRequest, digest: str) -> HttpResponse:
    """The derivation of a figure, read as a proof."""
    actor = actor_of_request(request)
    found = _figure(actor, digest)
    speech = speech_of(request)
    seen: dict[tuple[str, str, str], StoredVerdict] = {}
    for verdict in verdicts_seen(actor, found.digest)[:VERDICTS_SHOWN]:
        seen.setdefault((verdict.target, verdict.place_id, verdict.period), verdict)
    return render(
        request,
        "web/figure.html",
        {
            "figure": found,
            "step": steps_of(found, speech),
            "place": _place(found.subject),
            "period": Period.parse(found.period).label() if found.period else None,
            "uses": [_use(verdict) for verdict in seen.values()],
            "intact": found.digest.startswith(digest),
        },
    )


def _use(verdict: StoredVerdict) -> dict[str, object]:
    """The verdict that a figure belongs to, with the words of its clause."""
    plan = plan_of(current_edition(verdict.plan_identifier))
    target = next((one for one in plan.targets if one.id == verdict.target), None)
    label = consequences()
    return {
        "verdict": verdict,
        "title": plan.head.title.text(),
        "target": target,
        "indicator": plan.indicator(target.indicator).label.text() if target else None,
        "place": _place(verdict.place_id),
        "period": Period.parse(verdict.period).label(),
        "consequences": [
            label[one["consequence"]] for one in verdict.content["consequences"] if one["consequence"] in label
        ],
    }


@answered
def figure_json(request: HttpRequest, digest: str) -> HttpResponse:
    """The derivation as trace/1, byte for byte what the digest was made from: `sha256sum` of the answer is its name."""
    content = canonical_json(_figure(actor_of_request(request), digest).to_json())
    return HttpResponse(content, content_type="application/json; charset=utf-8")
