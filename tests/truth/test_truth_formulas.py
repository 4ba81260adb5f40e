"""Every case of ``tests/truth/*/*.yaml`` against the formulas: published values, identities, independent
programs.

A case has ``id, source, kind, formula, inputs, printed, unit, tolerance, why_tolerance``; ``source`` and
``read_in``
stand once per file. An input is written as on the command line; ``= formula name=value …`` takes the result
of
another formula, ``missing`` is a value that nobody reported, and a table is named from ``tables`` of the
file.
``printed`` is a number or percentage, ``yes`` or ``no``, or ``unknown`` with the reason code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hengneng.formulas import Formula, formulas, parse_argument
from hengneng.formulas.comparison import meant_decimal
from hengneng.formulas.scoring import Ladder
from hengneng.rules.schemes import bracket_table

FOLDER = Path(__file__).parent
FIELDS = {"id", "kind", "formula", "inputs", "printed", "unit", "tolerance", "why_tolerance"}
KINDS = {"published", "identity", "independent-program"}


def _files() -> list[dict[str, Any]]:
    found = []
    for path in sorted(FOLDER.glob("*/*.yaml")):
        data = YAML(typ="safe").load(path)
        if any("formula" in case for case in data.get("cases", ())):
            found.append({**data, "path": path})
    return found


def _cases() -> Iterator[Any]:
    for file in _files():
        for case in file["cases"]:
            yield pytest.param(file, case, id=f"{file['path'].parent.name}:{case['id']}")


def _table(written: dict[str, str]) -> object:
    table = bracket_table(written["rule_table"], written["scheme"], dt.date.fromisoformat(written["on"]))
    assert table.check() == []
    return Ladder.from_brackets(table) if written["rule_table"] == "assessment_ladders" else table


def _input(file: dict[str, Any], formula: Formula, name: str, written: str) -> object:
    if written == "missing":
        return None
    if formula.parameter(name).kind == "table":
        return _table(file["tables"][written])
    if written.startswith("= "):
        inner, *arguments = written[2:].split()
        other = formulas()[inner]
        pairs = [argument.split("=", 1) for argument in arguments]
        return other.compute(**{key: parse_argument(other, key, text) for key, text in pairs})
    return parse_argument(formula, name, written)


def _decimal(written: str) -> Decimal:
    return Decimal(written[:-1]).scaleb(-2) if written.endswith("%") else Decimal(written)


@pytest.mark.parametrize(("file", "case"), list(_cases()))
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    formula = formulas()[case["formula"]]
    inputs = {name: _input(file, formula, name, written) for name, written in case["inputs"].items()}
    figure = formula.given(inputs)
    assert figure.unit == case["unit"]
    printed = case["printed"]
    if printed.startswith("unknown "):
        assert figure.unknown is not None
        assert figure.unknown.code == printed.removeprefix("unknown ")
    elif printed in ("yes", "no"):
        assert formula.result == "truth"
        assert figure.value == (1.0 if printed == "yes" else 0.0)
    else:
        assert figure.value is not None, figure.unknown
        # Decimals, because a tolerance of half a digit must not be missed or granted by binary noise.
        off = abs(meant_decimal(figure.value) - _decimal(printed))
        assert off <= _decimal(case["tolerance"]), f"{figure.value} against the printed {printed}"


def test_every_case_says_where_it_comes_from() -> None:
    seen: set[str] = set()
    for file in _files():
        assert file["source"], file["path"]
        assert file["read_in"], file["path"]
        for case in file["cases"]:
            where = f"{file['path']}: {case['id']}"
            assert set(case) - {"note", "source"} == FIELDS, where
            assert case["kind"] in KINDS, where
            assert case["why_tolerance"], where
            assert where not in seen, where
            seen.add(where)
    assert len(seen) > 150
