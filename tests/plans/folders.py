"""Copies of the shipped plans with a fault planted in them, on disk or in memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from pydantic import ValidationError
from ruamel.yaml import YAML

from hengneng.plans import checks
from hengneng.plans.loader import LoadedPlan, load_plan
from hengneng.plans.model import Plan

PLANS = Path(__file__).parents[2] / "plans"
SHIPPED = ("xinjiang-2015", "qinghai-2019", "china-2020", "china-12th-five-year")
Edit = Callable[[dict[str, Any]], None]


@cache
def shipped(plan: str) -> LoadedPlan:
    """A shipped plan as it is read from its folder."""
    return load_plan(PLANS / plan)


def planted(plan: str, edit: Edit) -> set[str]:
    """Numbers of the checks that refuse the plan after ``edit`` of its data in memory.

    What the closed schema refuses is P003, as the loader says it.
    """
    loaded = shipped(plan)
    data = loaded.plan.model_dump()
    edit(data)
    try:
        changed = Plan.model_validate(data)
    except ValidationError:
        return {"P003"}
    with mock.patch.object(checks, "load_plan", return_value=replace(loaded, plan=changed)):
        report = checks.check_plan(loaded.folder)
    return {problem.number for problem in report.problems if problem.refuses}


def copied(plan: str, folder: Path) -> Path:
    """A copy of a shipped plan folder."""
    target = folder / plan
    shutil.copytree(PLANS / plan, target)
    return target


def edit_yaml(folder: Path, file: str, edit: Callable[[Any], None]) -> None:
    """Change the data of one YAML file of a plan folder."""
    yaml = YAML()
    yaml.width = 10_000
    path = folder / file
    data = yaml.load(path)
    edit(data)
    yaml.dump(data, path)


def edit_text(folder: Path, file: str, old: str, new: str) -> None:
    """Replace ``old``, which must stand once in the file, by ``new``."""
    path = folder / file
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), "utf-8")


def refused(folder: Path) -> set[str]:
    """Numbers of the checks that refuse a plan folder."""
    return {problem.number for problem in checks.check_plan(folder).problems if problem.refuses}
