"""What the codes of frames mean: factors, commands, flags, results, kinds of place. All of it from rule tables.

Unknown codes are common and stay as they came: a lookup answers None, it never refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from hengneng.rules.entry import RuleEntry
from hengneng.rules.tables import rule_table

_DEVICE_DIGITS = 2


@cache
def _factors() -> Mapping[str, RuleEntry]:
    """Entries by every code in lower case. A code of 2017 wins over the same one of 2005."""
    entries = rule_table("hj212_factors").entries
    found: dict[str, RuleEntry] = {}
    for entry in entries:
        if entry.edition == "2017":
            found.setdefault(entry.key["code"].lower(), entry)
    for entry in entries:
        if entry.edition == "2017" and entry.attributes["code_2005"]:
            found.setdefault(entry.attributes["code_2005"].lower(), entry)
    for entry in entries:
        found.setdefault(entry.key["code"].lower(), entry)
    return found


def factor_entry(code: str) -> RuleEntry | None:
    """The row of ``hj212_factors`` for a code of 2017 or 2005 in any case; None for a code that nobody has defined.

    Codes of equipment end in two digits that number the equipment (e10201); their row ends in xx. Units are those of
    the standard: devices often use others.
    """
    written = code.strip().lower()
    found = _factors().get(written)
    if found is None and written[-_DEVICE_DIGITS:].isdigit():
        found = _factors().get(written[:-_DEVICE_DIGITS] + "xx")
    return found


def canonical_factor(code: str) -> str | None:
    """The code of 2017 for one of 2017 or 2005 in any case (``011`` and ``W01018`` are ``w01018``); None without one.

    Equipment keeps its number (``E10201`` is ``e10201``). A code of 2005 that has none of 2017 (B03) is its own.
    """
    entry = factor_entry(code)
    if entry is None:
        return None
    own = entry.key["code"]
    return code.strip().lower() if own.endswith("xx") else own


def _row(table: str, *key: str) -> RuleEntry | None:
    found = rule_table(table).by_key.get(key)
    return found[0] if found else None


def command(number: str, edition: str = "2017") -> RuleEntry | None:
    """The row of ``hj212_commands`` for a command (CN) of an edition."""
    return _row("hj212_commands", edition, number)


def data_flag(flag: str, edition: str = "2017") -> RuleEntry | None:
    """The row of ``hj212_data_flags`` for the flag of a value. Flags are case-sensitive."""
    return _row("hj212_data_flags", "2005" if edition == "2005" else "2017", flag)


def request_result(value: str) -> RuleEntry | None:
    """The row of ``hj212_request_results`` for a QnRtn."""
    return _row("hj212_request_results", value)


def execution_result(value: str) -> RuleEntry | None:
    """The row of ``hj212_execution_results`` for an ExeRtn."""
    return _row("hj212_execution_results", value)


def system(code: str) -> RuleEntry | None:
    """The row of ``hj212_systems`` for an ST."""
    return _row("hj212_systems", code)
