"""Uploaded files of facts: checked by size and content, taken in like any other, and what became of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from hengneng.access import Actor, Verb, require, scope_of
from hengneng.facts.intake.content import check_kind, check_size
from hengneng.facts.intake.recording import ImportResult, Intake, import_content
from hengneng.facts.limits import limit
from hengneng.facts.models import Fact, FactImport
from hengneng.language import Language

FOLDER = "uploads"


@dataclass(frozen=True)
class Upload:
    """A file as it came, with what its sender says about it."""

    name: str
    content: bytes
    source: str = ""
    reason: str = ""
    example: bool = False


def check_upload(actor: Actor, upload: Upload) -> None:
    """Refuse early what cannot be taken in at all. RefusedAccessError; RefusedError F006, F007."""
    if scope_of(actor, Verb.CORRECT_FACTS).nothing:
        require(actor, Verb.CORRECT_FACTS)
    check_size(len(upload.content), upload.name)
    check_kind(upload.content, upload.name)


def is_large(upload: Upload) -> bool:
    """Whether somebody would wait too long for it."""
    return upload.content.count(b"\n") > limit("rows_taken_in_at_once")


def take_in(
    actor: Actor,
    upload: Upload,
    language: Language,
    on_arrival: Callable[[Sequence[Fact]], None] = lambda _: None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> FactImport:
    """Take a file in and keep what became of it. RefusedAccessError; RefusedError when the file cannot be used."""
    check_upload(actor, upload)
    intake = Intake(
        recorded_by=actor.identifier,
        language=language,
        actor=actor,
        source=upload.source or None,
        reason=upload.reason,
        example=upload.example,
        on_arrival=on_arrival,
        progress=progress,
    )
    result = import_content(upload.content, upload.name, intake, lambda found: _keep(actor, found))
    return FactImport.objects.get(act=result.act)


def _keep(actor: Actor, result: ImportResult) -> None:
    kept = limit("problems_kept")
    assert result.act is not None, "what a person uploads is an act"
    FactImport.objects.create(
        act=result.act,
        file_name=result.file,
        sha256=result.sha256,
        imported_at=timezone.now(),
        imported_by=actor.identifier,
        recorded=len(result.recorded),
        corrected=len(result.corrected),
        unchanged=result.unchanged,
        refused=result.refused,
        problems=[problem.to_json() for problem in result.problems[:kept]],
        notes=[note.to_json() for note in result.notes],
        returned=result.returned_text,
    )


def put_aside(content: bytes, sha256: str) -> None:
    """Keep the content of a file until a job takes it in; it is never served."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{sha256}.partial"
    partial.write_bytes(content)
    partial.replace(folder / sha256)


def fetch(sha256: str) -> bytes:
    """Content that was put aside. FileNotFoundError when it was taken already."""
    return (_folder() / sha256).read_bytes()


def throw_away(sha256: str) -> None:
    """Remove content that has been taken in."""
    (_folder() / sha256).unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.HOME) / FOLDER
