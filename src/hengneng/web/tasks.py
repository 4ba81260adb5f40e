"""Background work that pages start."""

from __future__ import annotations

from django.urls import reverse

from hengneng.access import Verb
from hengneng.access.actors import actor_of
from hengneng.accounts.models import Person
from hengneng.facts.uploading import Upload, fetch, take_in, throw_away
from hengneng.jobs import Progress, Result, job_kind
from hengneng.language import Language, message
from hengneng.standing.arrival import facts_arrived

IMPORT = "facts.import"


@job_kind(IMPORT, verb=Verb.CORRECT_FACTS)
def import_facts(
    progress: Progress,
    person: int,
    sha256: str,
    name: str,
    source: str,
    reason: str,
    example: bool,
    language: Language,
) -> Result:
    """Take in a large file that somebody has uploaded, with the permissions they have when it is done."""
    phases = {"check": message("web.facts.import.phase.check"), "record": message("web.facts.import.phase.record")}
    kept = take_in(
        actor_of(Person.objects.get(pk=person)),
        Upload(name, fetch(sha256), source, reason, example),
        language,
        facts_arrived,
        lambda phase, done, total: progress(done, total, phase=phases[phase]),
    )
    throw_away(sha256)
    counts = {"recorded": kept.recorded, "corrected": kept.corrected, "refused": kept.refused}
    return Result(counts, reverse("fact-import-result", args=[kept.act]))
