"""Pages that write facts: correct one, record a new one, take in a file. What was typed is kept after every error."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from hengneng.access import Actor, Verb, require, scope_of
from hengneng.facts.correcting import (
    AlreadyRecordedError,
    Entry,
    RevisedMeanwhileError,
    check_correction,
    checked_entry,
    correct,
    current_fact,
    record_new,
)
from hengneng.facts.intake.content import check_size
from hengneng.facts.intake.rows import CONFIDENCES, GoodRow
from hengneng.facts.limits import limit
from hengneng.facts.models import Fact, FactImport
from hengneng.facts.reading import imports_seen, periods_of, places_with, previous_of, visible
from hengneng.facts.uploading import Upload, check_upload, is_large, put_aside, take_in
from hengneng.jobs import start
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.problems import Problem, RefusedError
from hengneng.rules.divisions import DivisionError, find_division, subject_code
from hengneng.rules.measures import Measure, measures
from hengneng.rules.units import UnknownUnitError, unit, units
from hengneng.standing.arrival import facts_arrived
from hengneng.web.fact_pages import (
    digits,
    fact_lines,
    place_label,
    reported_words,
    said_in,
    share,
    signed,
    unit_words,
    uses_of,
)
from hengneng.web.notices import notify
from hengneng.web.questions import RefusedRequestError, actor_of_request, answered, speech_of
from hengneng.web.speech import Speech
from hengneng.web.tasks import IMPORT
from hengneng.web.views.facts import titled

SEE_OTHER, UNPROCESSABLE, CONFLICT = 303, 422, 409
FIELDS = ("value", "unit", "state", "source", "cell", "confidence", "example", "note", "explanation", "reason")
STATES = ("reported", "estimated", "missing")
Errors = list[tuple[str, Text]]


class _SeeOther(HttpResponseRedirect):
    status_code = SEE_OTHER


def _errors(problems: Sequence[Problem]) -> Errors:
    """Problems with the field that each is about, for the list on top of a form."""
    found: Errors = []
    for problem in problems:
        field = problem.where.rpartition(":")[2]
        text = Text(zh=problem.text("zh"), en=problem.text("en"))
        found.append((f"field-{field if field in FIELDS else 'value'}", text))
    return found


def _entry(request: HttpRequest, measure: str, place: str, period: str) -> Entry:
    typed = {name: request.POST.get(name, "").strip() for name in FIELDS}
    typed["example"] = "yes" if typed["example"] else ""
    return Entry(measure=measure, place=place, period=period, **typed)


def _entry_of(fact: Fact) -> Entry:
    """What the form shows first: the fact as it stands, without a reason."""
    state = "" if fact.state == Fact.State.REPORTED_ZERO else str(fact.state)
    try:
        written = unit(fact.reported_unit).code if fact.reported_unit else fact.unit
    except UnknownUnitError:
        written = fact.unit
    return Entry(
        measure=fact.measure, place=fact.place_id, period=fact.period, value=fact.reported_value,
        unit=written, state=state or "reported", source=fact.source.title,
        confidence=fact.confidence, note=fact.note, example="yes" if fact.example else "",
    )  # fmt: skip


def _unit_choices(measure: Measure, speech: Speech) -> list[tuple[str, str]]:
    """Units that convert to that of the measure; its own first."""
    dimension = unit(measure.unit).dimension
    codes = [code for code, one in units().items() if one.dimension == dimension and code != measure.unit]
    return [(code, _unit_label(code, speech)) for code in (measure.unit, *codes)]


def _unit_label(code: str, speech: Speech) -> str:
    label = speech.said(units()[code].label)
    return label if label == code else f"{label} ({code})"


def _form(
    request: HttpRequest,
    entry: Entry,
    before: Fact | None,
    errors: Errors,
    *,
    preview: GoodRow | None = None,
    conflict: bool = False,
) -> HttpResponse:
    """The page of the form, for a correction of ``before`` or, without one, a new fact."""
    actor, speech = actor_of_request(request), speech_of(request)
    measure, period = measures()[entry.measure], Period.parse(entry.period)
    others = periods_of(actor, entry.measure, entry.place)
    previous = previous_of(others, period.start, period.end)
    content = {
        "title": titled(entry.measure, entry.place, entry.period),
        "measure": measure,
        "place": place_label(entry.place, period),
        "period": period.label(),
        "entry": entry,
        "before": before,
        "present": _beside(before, speech),
        "previous": _beside(previous, speech),
        "previous_period": Period.parse(previous.period).label() if previous else None,
        "errors": errors,
        "wrong": dict(errors),
        "units": _unit_choices(measure, speech),
        "states": STATES,
        "confidences": CONFIDENCES,
        "preview": _preview(preview, before, speech) if preview else None,
        "uses": uses_of(actor, entry.measure, entry.place, entry.period) if preview else None,
        "action": request.path if before else reverse("fact-new"),
        "back": reverse("fact", args=[entry.measure, entry.place, entry.period]) if before else reverse("facts"),
        "longest": limit("longest_text"),
        "needs_explanation": bool(entry.explanation) or any(field == "field-explanation" for field, _ in errors),
    }
    status = CONFLICT if conflict else UNPROCESSABLE if errors else 200
    return render(request, "web/fact_form.html", content, status=status)


def _beside(fact: Fact | None, speech: Speech) -> dict[str, str] | None:
    """A recorded value to show beside the field."""
    if fact is None:
        return None
    return {
        "reported": reported_words(fact, speech),
        "value": digits(fact.value, said_in(fact)),
        "unit": unit_words(said_in(fact), speech),
        "state": speech.words(f"quality.{fact.state}"),
        "missing": "yes" if fact.value is None else "",
        "revision": str(fact.revision),
        "who": fact.recorded_by,
    }


def _preview(row: GoodRow, before: Fact | None, speech: Speech) -> dict[str, str]:
    difference = ratio = None
    if before is not None and before.value is not None and row.value is not None:
        difference = row.value - before.value
        ratio = difference / abs(before.value) if before.value else None
    return {
        "value": digits(row.value, said_in(row)),
        "unit": unit_words(said_in(row), speech),
        "reported": f"{row.reported_value} {unit_words(row.reported_unit, speech)}" if row.value is not None else "",
        "state": speech.words(f"quality.{row.state}"),
        "coal": digits(row.coal, "tce") if row.coal is not None else "",
        "difference": signed(difference, said_in(row)) if difference is not None else "",
        "ratio": share(ratio if isinstance(ratio, Decimal) else None),
    }


def _sorted_out(problems: Sequence[Problem]) -> Errors:
    """Errors of a form; what needs an explanation points to the field for it."""
    return [
        ("field-explanation" if problem.severity == "needs-explanation" else field, text)
        for problem, (field, text) in zip(problems, _errors(problems), strict=True)
    ]


@answered
def correct_fact(request: HttpRequest, measure: str, place: str, period: str) -> HttpResponse:
    """Correct a fact: the form, what the correction would change, and doing it."""
    actor = actor_of_request(request)
    require(actor, Verb.CORRECT_FACTS, place=place)
    before = current_fact(measure, place, period) if measure in measures() else None
    if before is None:
        ways = [(reverse("facts"), message("web.facts.title"))]
        raise RefusedRequestError(404, message("web.refused.fact", found=f"{measure}/{place}/{period}"), ways)
    if request.method != "POST":
        return _form(request, _entry_of(before), before, [])
    entry = _entry(request, measure, place, period)
    seen = request.POST.get("revision", "")
    based_on = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0
    try:
        if request.POST.get("step") != "record":
            row = check_correction(actor, entry, before)
            if before.revision == based_on:
                return _form(request, entry, before, [], preview=row)
        fact = correct(actor, entry, based_on, facts_arrived)
    except RevisedMeanwhileError as refused:
        return _form(request, entry, refused.current, _errors(refused.problems), conflict=True)
    except RefusedError as refused:
        return _form(request, entry, _as_seen(before, based_on), _sorted_out(refused.problems))
    done = message("web.facts.done.corrected", fact=titled(measure, place, period), revision=fact.revision)
    notify(request, done)
    return _SeeOther(reverse("fact", args=[measure, place, period]))


def _as_seen(before: Fact, based_on: int) -> Fact:
    """The fact for the form after an error: the revision that the person has seen goes on counting as seen."""
    return before if before.revision == based_on else _older(before, based_on) or before


def _older(fact: Fact, revision: int) -> Fact | None:
    found = Fact.objects.filter(
        measure=fact.measure, place_id=fact.place_id, period=fact.period, series=fact.series, revision=revision
    )
    return found.select_related("source").first()


@answered
def new_fact(request: HttpRequest) -> HttpResponse:
    """Record a new fact: first what it is about, then its value."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.CORRECT_FACTS).nothing:
        require(actor, Verb.CORRECT_FACTS)
    given = request.POST if request.method == "POST" else request.GET
    subject = {name: given.get(name, "").strip() for name in ("measure", "place", "period")}
    errors, found = _subject(actor, subject)
    if not any(subject.values()) or errors or found is None:
        return _subject_form(request, subject, errors if any(subject.values()) else [])
    there = current_fact(*found)
    if there is not None:
        return _subject_form(request, subject, [("field-measure", _already(there))], there)
    if request.method != "POST":
        measure = measures()[found[0]]
        return _form(request, Entry(*found, unit=measure.unit, state="reported"), None, [])
    entry = _entry(request, *found)
    try:
        if request.POST.get("step") != "record":
            return _form(request, entry, None, [], preview=checked_entry(entry))
        fact = record_new(actor, entry, facts_arrived)
    except AlreadyRecordedError as refused:
        return _subject_form(request, subject, [("field-measure", _already(refused.current))], refused.current)
    except RefusedError as refused:
        return _form(request, entry, None, _sorted_out(refused.problems))
    notify(request, message("web.facts.done.recorded", fact=titled(*found)))
    return _SeeOther(reverse("fact", args=[fact.measure, fact.place_id, fact.period]))


def _already(there: Fact) -> Text:
    problem = Problem("F304", "form:1:measure", {"found": there.key})
    return Text(zh=problem.text("zh"), en=problem.text("en"))


def _subject(actor: Actor, given: dict[str, str]) -> tuple[Errors, tuple[str, str, str] | None]:
    """What a new fact is about, and what is wrong with it."""
    errors: Errors = []
    if given["measure"] not in measures():
        errors.append(("field-measure", message("web.facts.new.no_measure")))
    period = place = None
    try:
        period = Period.parse(given["period"])
    except ValueError:
        errors.append(("field-period", message("web.facts.refused.period", found=given["period"] or "—")))
    try:
        start, end = (period.start, period.end) if period else (None, None)
        place = subject_code(find_division(given["place"], start, end).code)
    except DivisionError:
        errors.append(("field-place", message("web.facts.new.no_place", found=given["place"] or "—")))
    if place is not None:
        require(actor, Verb.CORRECT_FACTS, place=place)
    if errors or place is None or period is None:
        return errors, None
    return [], (given["measure"], place, period.written)


def _subject_form(
    request: HttpRequest, given: dict[str, str], errors: Errors, there: Fact | None = None
) -> HttpResponse:
    actor, speech = actor_of_request(request), speech_of(request)
    places = places_with(actor, Verb.CORRECT_FACTS)[: limit("places_to_choose_from")]
    content = {
        "given": given,
        "errors": errors,
        "wrong": dict(errors),
        "measures": measures().values(),
        "places": [(place.code, speech.said(place_label(place.code))) for place in places],
        "there": reverse("fact-correct", args=[there.measure, there.place_id, there.period]) if there else "",
    }
    return render(request, "web/fact_new.html", content, status=UNPROCESSABLE if errors else 200)


@answered
def import_facts(request: HttpRequest) -> HttpResponse:
    """Upload a file of facts."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.CORRECT_FACTS).nothing:
        require(actor, Verb.CORRECT_FACTS)
    if request.method != "POST":
        return _import_form(request, Upload("", b""), [])
    typed = Upload(
        "", b"", request.POST.get("source", "").strip(), request.POST.get("reason", "").strip(),
        bool(request.POST.get("example")),
    )  # fmt: skip
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or file.name is None or file.size is None:
        return _import_form(request, typed, [("field-file", message("web.facts.import.no_file"))])
    try:
        # Before reading it: what is too large should not be held in memory.
        check_size(file.size, file.name)
        upload = replace(typed, name=file.name, content=file.read())
        check_upload(actor, upload)
        if is_large(upload):
            return _later(request, actor, upload)
        done = take_in(actor, upload, speech_of(request).language, facts_arrived)
    except RefusedError as refused:
        errors = [("field-file", Text(zh=p.text("zh"), en=p.text("en"))) for p in refused.problems]
        return _import_form(request, typed, errors)
    return _SeeOther(reverse("fact-import-result", args=[done.act]))


def _later(request: HttpRequest, actor: Actor, upload: Upload) -> HttpResponse:
    """Have a large file taken in by a job."""
    digest = hashlib.sha256(upload.content).hexdigest()
    put_aside(upload.content, digest)
    parameters = {
        "person": actor.person_id, "sha256": digest, "name": upload.name, "source": upload.source,
        "reason": upload.reason, "example": upload.example, "language": speech_of(request).language,
    }  # fmt: skip
    job = start(actor, IMPORT, parameters, message("web.facts.import.job", file=upload.name))
    notify(request, message("web.facts.import.later", file=upload.name))
    return _SeeOther(reverse("job", args=[job.pk]))


def _import_form(request: HttpRequest, typed: Upload, errors: Errors) -> HttpResponse:
    actor = actor_of_request(request)
    content = {
        "typed": typed,
        "errors": errors,
        "wrong": dict(errors),
        "megabytes": limit("bytes_of_an_upload") // 10**6,
        "rows_at_once": limit("rows_taken_in_at_once"),
        "imports": imports_seen(actor),
    }
    return render(request, "web/facts_import.html", content, status=UNPROCESSABLE if errors else 200)


def _import_of(request: HttpRequest, act: str) -> FactImport:
    """An upload of the actor's own, or of anybody's for who may read the whole log. RefusedRequestError 403, 404."""
    actor = actor_of_request(request)
    if scope_of(actor, Verb.SEE_UNPUBLISHED).nothing:
        require(actor, Verb.SEE_UNPUBLISHED)
    found = FactImport.objects.filter(act=act).first()
    ways = [(reverse("fact-import"), message("web.facts.import.title"))]
    if found is None:
        raise RefusedRequestError(404, message("web.facts.import.none", found=act), ways)
    if found.imported_by != actor.identifier and not scope_of(actor, Verb.READ_LOG).everything:
        raise RefusedRequestError(403, message("web.facts.import.not_yours"), ways)
    return found


@answered
def import_result(request: HttpRequest, act: str) -> HttpResponse:
    """What became of an uploaded file."""
    found, speech = _import_of(request, act), speech_of(request)
    problems = [_problem_line(one, speech) for one in found.problems]
    arrived = visible(actor_of_request(request)).filter(act=act).order_by("pk")[: limit("facts_a_page")]
    content = {
        "import": found,
        "problems": problems,
        "more_problems": max(0, found.refused - len(problems)),
        "notes": [_problem_line(one, speech) for one in found.notes],
        "arrived": fact_lines(actor_of_request(request), list(arrived), speech),
        "more_arrived": max(0, found.recorded + found.corrected - limit("facts_a_page")),
        "total": found.recorded + found.corrected + found.unchanged + found.refused,
    }
    return render(request, "web/facts_import_result.html", content)


def _problem_line(one: dict[str, object], speech: Speech) -> dict[str, object]:
    """A numbered problem with its row and column, as the file counts them."""
    where = str(one["where"]).rsplit(":", 2)
    line, column = (where[1], where[2]) if len(where) == 3 else ("", "")
    texts = one["text"]
    assert isinstance(texts, dict)
    return {"check": one["check"], "line": line, "column": column, "text": texts[speech.language]}


@answered
def import_returned(request: HttpRequest, act: str) -> HttpResponse:
    """The rows that were refused, as CSV with what is wrong; as a download, never as a page."""
    found = _import_of(request, act)
    name = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in found.file_name.rpartition(".")[0])
    ascii_name = name.encode("ascii", "ignore").decode() or "facts"
    return HttpResponse(
        "\ufeff" + found.returned,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{ascii_name}.returned.csv"',
            "X-Content-Type-Options": "nosniff",
        },
    )


addresses: list[URLPattern] = [
    path("facts/new/", new_fact, name="fact-new"),
    path("facts/import/", import_facts, name="fact-import"),
    path("facts/import/<str:act>/", import_result, name="fact-import-result"),
    path("facts/import/<str:act>/returned.csv", import_returned, name="fact-import-returned"),
    path("facts/<str:measure>/<str:place>/<str:period>/correct/", correct_fact, name="fact-correct"),
]
