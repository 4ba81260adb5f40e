"""Reference pages about people and work: permissions, acts, jobs, limits."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reference_words import cell, code, table

PROGRAM = Path(__file__).resolve().parents[1] / "src" / "hengneng"
LIMITS = {
    "accounts/policy.toml": "Getting in",
    "duties/policy.toml": "Duties",
    "database/limits.toml": "Database",
    "facts/limits.toml": "Facts",
    "standing/limits.toml": "Standings",
    "metering/limits.toml": "Meters",
    "devices/limits.toml": "Devices",
    "monitoring/limits.toml": "Monitoring of emissions",
    "gateways/limits.toml": "Doors",
    "gateways/http/limits.toml": "The HTTP door",
    "gateways/mqtt/limits.toml": "The bridge to MQTT",
    "gateways/folder/limits.toml": "The folder door",
    "key_unit_items/limits.toml": "Items of key units",
    "readings/limits.toml": "Readings",
    "durable/limits.toml": "Durable tables",
    "deliveries/limits.toml": "Deliveries",
    "hj212/limits.toml": "Frames of HJ 212",
    "jobs/limits.toml": "Jobs",
    "web/api/limits.toml": "The interface",
}
UNITS = (
    "bytes", "days", "hours", "minutes", "milliseconds", "seconds", "percent", "years", "decimals", "characters",
    "rows", "files", "facts", "lines", "places", "requests", "values", "problems", "imports", "jobs",
    "publications", "steps", "failures", "tiles", "parts", "readings", "batches", "events", "pieces", "packets",
    "tries",
)  # fmt: skip

OTHER_UNITS = {
    "longest_text": "characters",
    "longest_identifier": "characters",
    "worst_explained": "places",
    "depth_of_a_body": "levels",
}


def permissions_page() -> Iterator[str]:
    """The table of permissions, role by role."""
    from hengneng.access import Role, Verb, Where
    from hengneng.access.table import YES, permissions
    from hengneng.language import message

    yield "# Who may do what, where"
    yield ""
    yield "From `src/hengneng/access/permissions.csv`. Pages, the [interface](api.md), exports, counts, selectors and"
    yield "search pass through the same table. A thing of one's own organisation is judged by that column alone;"
    yield "everything else by its place: one's own, below it in the tree, above it, or elsewhere. A *no* names the"
    yield "reason that the page gives."
    for role in Role:
        yield ""
        yield f"## {message(f'access.role.{role}').en} · {message(f'access.role.{role}').zh} (`{role}`)"
        yield ""
        columns = ["may they …", *(where.label().en for where in Where)]
        rows = (
            [f"{verb.label().en} (`{verb}`)", *(_permission(permissions()[role, verb][where], YES) for where in Where)]
            for verb in Verb
        )
        yield from table(columns, rows)
    yield ""
    yield "## Reasons"
    yield ""
    codes = sorted({code for cells in permissions().values() for code in cells.values()} - {YES})
    yield from table(
        ("code", "in words"), ((code(reason), message_pattern(f"access.reason.{reason}")) for reason in codes)
    )


def _permission(answer: str, yes: str) -> str:
    return "**yes**" if answer == yes else f"no: {answer}"


def message_pattern(identifier: str) -> str:
    """A message with its placeholders unfilled."""
    from hengneng.language import catalogue

    return catalogue()[identifier].en


def acts_page() -> Iterator[str]:
    """Every verb of the log of acts, from the catalogue."""
    from hengneng.language import catalogue

    yield "# Acts 操作"
    yield ""
    yield "What the log of acts can hold. Each act has: number, moment, who, verb, kind and name of what it was done"
    yield "to, place, organisation, reason, details, id, digest of the act before. Why: [access and the"
    yield "log](../explanation/access-and-the-log.md). How: [read the log](../how-to/read-the-log.md)."
    group = ""
    acts = sorted((name.removeprefix("act."), text) for name, text in catalogue().items() if name.startswith("act."))
    for verb, text in acts:
        if verb.partition(".")[0] != group:
            group = verb.partition(".")[0]
            yield ""
            yield f"## {group}"
            yield ""
            yield "| verb | English | 中文 |"
            yield "|---|---|---|"
        yield f"| {code(verb)} | {cell(text.en)} | {cell(text.zh)} |"


def jobs_page() -> Iterator[str]:
    """Every kind of background job."""
    from hengneng.jobs.kinds import kinds

    yield "# Jobs 后台作业"
    yield ""
    yield "Work that takes long is queued in the database and done by `hengneng worker`; `hengneng run` and"
    yield "`hengneng serve` bring a worker. *By name*: people may start it through the [interface](api.md); the program"
    yield "starts the others. Intervals: [limits](limits.md#jobs)."
    yield ""
    yield from table(
        ("kind", "what it does", "who may start it", "by name"),
        (
            (code(name), _first_line(kind.function), code(str(kind.verb)), "yes" if kind.offered else "")
            for name, kind in sorted(kinds().items())
        ),
    )


def _first_line(function: Any) -> str:
    return (inspect.getdoc(function) or "").split("\n\n")[0]


def limits_page() -> Iterator[str]:
    """Every number that the project has set for the site, with its reason."""
    yield "# Limits 限值"
    yield ""
    yield "Numbers that this project has set; no document prescribes them. Each stands in a file with its reason. An"
    yield "installation that needs another one changes the file, and says why."
    for name, title in LIMITS.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield f"`src/hengneng/{name}`"
        yield ""
        file = PROGRAM / name
        rows = _policy_rows(file) if name == "accounts/policy.toml" else _limit_rows(file)
        yield from table(("limit", "value", "unit", "why"), rows)


def _limit_rows(file: Path) -> Iterator[tuple[str, str, str, str]]:
    for name, entry in tomllib.loads(file.read_text("utf-8")).items():
        value = entry["value"]
        shown = ", ".join(code(one) for one in value) if isinstance(value, list) else f"{value:,}"
        yield code(name), _year(name, shown), _unit_of(name, value), entry["reason"]


def _policy_rows(file: Path) -> Iterator[tuple[str, str, str, str]]:
    """The policy keeps its reasons in the comments beside the values."""
    text = file.read_text("utf-8")
    reasons = dict(re.findall(r"^(\w+) = \S+ *# (.*)$", text, re.MULTILINE))
    for group, entries in tomllib.loads(text).items():
        for name, value in entries.items():
            yield code(f"{group}.{name}"), f"{value:,}", _unit_of(name, value), reasons.get(name, "")


def _year(name: str, shown: str) -> str:
    return shown.replace(",", "") if name.endswith("_year") else shown


def _unit_of(name: str, value: object) -> str:
    """The unit that the name says: limits are named after what they count."""
    if name in OTHER_UNITS:
        return OTHER_UNITS[name]
    words = name.split("_")
    return next((word for word in words if word in UNITS), "") if isinstance(value, int | float) else ""
