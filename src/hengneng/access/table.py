"""The table of permissions: role x verb x where, every cell either ``yes`` or the code of the reason for a no."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from hengneng.accounts.roles import Role
from hengneng.language import Text, catalogue, message

FILE = Path(__file__).with_name("permissions.csv")
YES = "yes"


class Verb(StrEnum):
    """What somebody may do."""

    SEE_UNPUBLISHED = "see_unpublished"
    SEE_DUTIES = "see_duties"
    SEE_DRAFTS = "see_drafts"
    CORRECT_FACTS = "correct_facts"
    ASSIGN_DUTIES = "assign_duties"
    REPORT_PROGRESS = "report_progress"
    REVIEW_PROGRESS = "review_progress"
    REMIND = "remind"
    PUBLISH = "publish"
    RUN_JOBS = "run_jobs"
    MANAGE_PEOPLE = "manage_people"
    READ_LOG = "read_log"

    def label(self) -> Text:
        """The verb in words."""
        return message(f"access.verb.{self}")


READING = frozenset({Verb.SEE_UNPUBLISHED, Verb.SEE_DUTIES, Verb.SEE_DRAFTS, Verb.READ_LOG})


class Where(StrEnum):
    """How a thing lies to the one who acts.

    What belongs to their own organisation is that and nothing else; everything else counts by its place in the tree.
    """

    OWN_ORGANISATION = "own_organisation"
    OWN_PLACE = "own_place"
    BELOW = "below"
    ABOVE = "above"
    ELSEWHERE = "elsewhere"

    def label(self) -> Text:
        """The relation in words."""
        return message(f"access.where.{self}")


Permissions = Mapping[tuple[Role, Verb], Mapping[Where, str]]


@cache
def permissions() -> Permissions:
    """The whole table. ValueError when a cell is missing, doubled or without words for its reason."""
    found: dict[tuple[Role, Verb], Mapping[Where, str]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            key = (Role(row["role"]), Verb(row["verb"]))
            if key in found:
                raise ValueError(f"{FILE.name}:{line}: {key} stands twice")
            found[key] = {where: row[where] for where in Where}
            for code in found[key].values():
                if code != YES:
                    catalogue()[f"access.reason.{code}"]
    missing = [(role, verb) for role in Role for verb in Verb if (role, verb) not in found]
    if missing:
        raise ValueError(f"{FILE.name}: no row for {missing}")
    return found


def roles_that_may(verb: Verb) -> list[Role]:
    """The roles that may do this anywhere."""
    return [role for role in Role if YES in permissions()[role, verb].values()]
