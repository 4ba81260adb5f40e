"""Items of data: one value of one code for one period, read from JSON or refused with a number.

Field names as client programs of several provinces send them (protocol NECC-NHJC-04, edition of 2015, structure only).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hengneng.key_units.codes import DataCode, word
from hengneng.key_units.fields import decrypt_field
from hengneng.key_units.periods import read_time
from hengneng.problems import Problem

ENCRYPTED = "sm4"
VALID_IS_ZERO, VALID_IS_ONE = "valid-0", "valid-1"
PROFILES = (ENCRYPTED, VALID_IS_ZERO, VALID_IS_ONE)
_TRUE, _FALSE = ("true", "yes", "y"), ("false", "no", "n")


class ItemRefusedError(Exception):
    """An item that cannot be used as it came; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True)
class Profile:
    """How a device speaks: ``words`` of its entry in the register, and the key of its encryption (empty: none).

    ``valid-0``: 0 marks a value as valid (Shandong); ``valid-1``: 1 does; ``sm4``: fields are encrypted.
    """

    words: frozenset[str] = frozenset()
    key: bytes = b""

    def valid(self, written: str) -> bool | None:
        """Whether a mark says valid; None where there is no mark, or the profile does not say how to read it."""
        mark = written.strip().lower()
        if mark in _TRUE or mark in _FALSE:
            return mark in _TRUE
        if mark not in ("0", "1") or not self.words & {VALID_IS_ZERO, VALID_IS_ONE}:
            return None
        return mark == ("1" if VALID_IS_ONE in self.words else "0")


@dataclass(frozen=True)
class Item:
    """One value. ``at`` is as it was written, not yet judged; ``valid`` None: nobody has said.

    ``value`` in the unit of the item's configuration, else of the dictionary. Other fields as they came.
    """

    code: DataCode
    value: Decimal
    stat_type: str
    at: dt.datetime
    valid: bool | None
    scope: str
    input_type: str


def plain_fields(given: object, where: str, profile: Profile) -> dict[str, str]:
    """The fields of an item as text, decrypted where the device encrypts. ItemRefusedError G208, G209."""
    if not isinstance(given, Mapping):
        raise ItemRefusedError(Problem("G209", where, {"found": _shown(given)}))
    fields = {str(name): _text(value) for name, value in given.items()}
    if ENCRYPTED in profile.words:
        for name, value in fields.items():
            try:
                fields[name] = decrypt_field(value, profile.key) if value else ""
            except ValueError as error:
                raise ItemRefusedError(Problem("G208", f"{where}.{name}", {"found": str(error)[:80]})) from None
    return fields


def read_item(fields: Mapping[str, str], where: str, profile: Profile) -> Item:
    """An item from its plain fields. ItemRefusedError G201 (code), G203 (type), G204 (time), G205 (value)."""
    return Item(
        code=read_code(fields.get("dataCode", ""), f"{where}.dataCode"),
        stat_type=read_stat_type(fields.get("statType", ""), f"{where}.statType"),
        at=_time(fields.get("statDate", ""), f"{where}.statDate"),
        value=_value(fields.get("dataValue", ""), f"{where}.dataValue"),
        valid=profile.valid(fields.get("valid", "")),
        scope=fields.get("scope", "").strip(),
        input_type=fields.get("inputType", "").strip(),
    )


def read_code(written: str, where: str) -> DataCode:
    """A data code. ItemRefusedError G201."""
    try:
        return DataCode.parse(written)
    except ValueError:
        raise ItemRefusedError(Problem("G201", where, {"found": written or "—"})) from None


def read_stat_type(written: str, where: str) -> str:
    """A type of statistics of table ``key_unit_words``. ItemRefusedError G203."""
    found = written.strip()
    if word("stat_type", found) is None:
        raise ItemRefusedError(Problem("G203", where, {"found": written or "—"}))
    return found


def _time(written: str, where: str) -> dt.datetime:
    try:
        return read_time(written)
    except (ValueError, OverflowError, OSError):
        raise ItemRefusedError(Problem("G204", where, {"found": written or "—"})) from None


def _value(written: str, where: str) -> Decimal:
    try:
        found = Decimal(written.strip())
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise ItemRefusedError(Problem("G205", where, {"found": written or "—"}))
    return found


def _text(value: object) -> str:
    """A field as text; numbers must come from JSON as they were written, true and false as words."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: Any) -> str:
    return str(value)[:80] or "—"
