"""Reading YAML so that nothing is silently lost or changed: YAML 1.2, no key twice, exact decimals, line numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hengneng.problems import Problem, RefusedError

PathInFile = tuple[str | int, ...]


class _ExactConstructor(SafeConstructor):
    """A number with a decimal point stays a Decimal: 23.5 is what the document prints, not its nearest double."""

    def construct_yaml_float(self, node: ScalarNode) -> Decimal:  # type: ignore[override]
        return Decimal(str(node.value).replace("_", ""))


_ExactConstructor.add_constructor("tag:yaml.org,2002:float", _ExactConstructor.construct_yaml_float)


@dataclass(frozen=True)
class YamlFile:
    """The data of a file and the line on which each entry starts (counted from 1)."""

    name: str
    data: Any
    lines: dict[PathInFile, int]

    def line(self, path: PathInFile) -> int:
        """Line of the entry at ``path``, or of the nearest entry that contains it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: PathInFile) -> str:
        """``file:line`` of the entry at ``path``."""
        return f"{self.name}:{self.line(path)}"


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML file. RefusedError (P001 unreadable, P002 not YAML or a key twice) names the line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(Problem("P001", path.name, {"found": str(error)})) from error
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _ExactConstructor
    try:
        # Parsed once for both: construction changes the nodes, so that the lines are taken before.
        root = reader.compose(text)
        lines = dict(_lines(root, ())) if root is not None else {}
        data = reader.constructor.construct_document(root) if root is not None else None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found = (error.problem or "").split("\n")[0]
        raise RefusedError(Problem("P002", f"{path.name}:{line}", {"found": found})) from error
    return YamlFile(path.name, data, lines)


def _lines(node: Node, path: PathInFile) -> Iterator[tuple[PathInFile, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, str(key.value)))
            yield (*path, str(key.value)), key.start_mark.line + 1
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def to_json_data(value: Any) -> Any:
    """YAML data as JSON data: a Decimal becomes its text, a date its ISO form."""
    if isinstance(value, dict):
        return {str(k): to_json_data(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_data(v) for v in value]
    if isinstance(value, Decimal | dt.date):
        return str(value)
    return value
