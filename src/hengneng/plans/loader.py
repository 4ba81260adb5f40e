"""From a plan folder to a :class:`~hengneng.plans.model.Plan`, or to all the problems that stand in the way.

A plan folder holds ``plan.yaml`` (the head) and one list each in ``places.yaml``, ``indicators.yaml``,
``clauses.yaml``, ``targets.yaml`` and, where there are any, ``observations.yaml``, ``tasks.yaml``, ``rules.yaml``,
``waived_numbers.yaml``; beside them the source texts that the head names, with their hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hengneng.language import Text, catalogue, message
from hengneng.plans import model
from hengneng.plans.text import SourceText
from hengneng.plans.yaml_reader import YamlFile, read_yaml
from hengneng.problems import Problem, RefusedError

HEAD_FILE = "plan.yaml"
PART_FILES: dict[str, type[BaseModel]] = {
    "places": model.PlanPlace,
    "indicators": model.Indicator,
    "clauses": model.Clause,
    "targets": model.Target,
    "observations": model.Observation,
    "tasks": model.Task,
    "rules": model.PlanRule,
    "waived_numbers": model.WaivedNumber,
}
OPTIONAL_FILES = ("observations", "tasks", "rules", "waived_numbers")


@dataclass(frozen=True)
class LoadedPlan:
    """A plan with its texts and with where each part stands in the folder."""

    folder: Path
    plan: model.Plan
    texts: Mapping[str, SourceText]
    files: Mapping[str, YamlFile]

    def where(self, part: str, index: int, field: str | None = None) -> str:
        """``file:line`` of the ``index``-th entry of ``part`` (or of its ``field``)."""
        path: tuple[str | int, ...] = (index,) if field is None else (index, field)
        return self.files[part].where(path)

    @cached_property
    def indicator_words(self) -> tuple[str, ...]:
        """The words that its indicators have in the text, of all of them."""
        return tuple(word for indicator in self.plan.indicators for word in indicator.words)

    @cached_property
    def place_codes(self) -> dict[str, str]:
        """Codes of its places by their names."""
        return {place.name: place.code for place in self.plan.places}

    def text_of(self, source: str | None) -> SourceText:
        """The named source text; without a name the first one. KeyError for an unknown name."""
        return self.texts[source or self.plan.head.sources[0].id]


def load_plan(folder: Path) -> LoadedPlan:
    """Read a plan folder.

    Raises RefusedError with every problem found in reading (P001 to P006); the checks of
    :mod:`hengneng.plans.checks` come after.
    """
    problems: list[Problem] = []
    files: dict[str, YamlFile] = {}
    for part in ("head", *PART_FILES):
        path = folder / (HEAD_FILE if part == "head" else f"{part}.yaml")
        if part in OPTIONAL_FILES and not path.exists():
            files[part] = YamlFile(path.name, [], {})
            continue
        try:
            files[part] = read_yaml(path)
        except RefusedError as refused:
            problems += refused.problems
    if problems:
        raise RefusedError(*problems)
    head = _parse(model.Head, files["head"], (), files["head"].data, problems)
    parts = {part: _parse_list(kind, files[part], problems) for part, kind in PART_FILES.items()}
    texts = _read_texts(folder, head, problems) if isinstance(head, model.Head) else {}
    if problems:
        raise RefusedError(*problems)
    plan = model.Plan.model_validate({"head": head, **parts})
    return LoadedPlan(folder, plan, texts, files)


def _parse_list(kind: type[BaseModel], file: YamlFile, problems: list[Problem]) -> list[BaseModel]:
    if not isinstance(file.data, list):
        problems.append(
            Problem(
                "P003",
                f"{file.name}:1",
                {
                    "field": file.name,
                    "found": type(file.data).__name__,
                    "expected": message("schema.list_of_entries"),
                },
            )
        )
        return []
    parsed = (_parse(kind, file, (index,), entry, problems) for index, entry in enumerate(file.data))
    return [entry for entry in parsed if entry is not None]


def _parse(
    kind: type[BaseModel], file: YamlFile, at: tuple[str | int, ...], data: Any, problems: list[Problem]
) -> BaseModel | None:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        for finding in error.errors(include_url=False):
            path = (*at, *finding["loc"])
            found = finding.get("input")
            # A whole entry is named by its id; its content stands in the file.
            shown = str(found.get("id", "…")) if isinstance(found, dict) else str(found)[:60]
            problems.append(
                Problem(
                    "P003",
                    file.where(path),
                    {
                        "field": ".".join(str(step) for step in path) or file.name,
                        "found": shown,
                        "expected": _expected(finding),
                    },
                )
            )
        return None


def _expected(finding: Mapping[str, Any]) -> Text:
    """What the schema wants, in both languages; for rare findings its own English words."""
    known = catalogue().get(f"schema.{finding['type']}")
    if known is None:
        return Text(zh=finding["msg"], en=finding["msg"])
    return known.format(**finding.get("ctx", {}))


def _read_texts(folder: Path, head: model.Head, problems: list[Problem]) -> dict[str, SourceText]:
    texts: dict[str, SourceText] = {}
    for source in head.sources:
        path = folder / source.file
        if Path(source.file).name != source.file or not path.is_file():
            problems.append(Problem("P005", HEAD_FILE, {"file": source.file}))
            continue
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest != source.sha256:
            problems.append(
                Problem("P004", HEAD_FILE, {"file": source.file, "found": digest, "expected": source.sha256})
            )
        if source.id in texts:
            problems.append(Problem("P006", HEAD_FILE, {"identifier": source.id}))
        texts[source.id] = SourceText(source.file, content.decode("utf-8"))
    return texts
