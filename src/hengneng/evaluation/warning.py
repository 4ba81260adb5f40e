"""The warning level that stands beside a verdict, by the scheme the plan names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hengneng.formulas import formulas
from hengneng.formulas.arguments import Attached
from hengneng.formulas.levels import ordinal_of
from hengneng.language import Text, message
from hengneng.periods import Period
from hengneng.rules.brackets import Bracket
from hengneng.rules.schemes import bracket_table
from hengneng.trace import Figure, Source

TABLE = "warning_schemes"
_FORMULAS = {"yearly_decline": "warning_level", "completion_ratio": "warning_level_by_ratio"}


@dataclass(frozen=True)
class Warning:
    """A level of a warning scheme. ``ordinal`` counts as the scheme does; ``severity`` 0 is best, in every scheme."""

    scheme: str
    ordinal: int
    severity: int
    colour: str
    label: Text

    def to_json(self) -> dict[str, Any]:
        """The level as JSON data."""
        return {
            "scheme": self.scheme,
            "ordinal": self.ordinal,
            "severity": self.severity,
            "colour": self.colour,
            "label": {"zh": self.label.zh, "en": self.label.en},
        }


def _attributes(bracket: Bracket) -> dict[str, str]:
    assert bracket.entry is not None  # brackets of a rule table carry their entry
    return dict(bracket.entry.attributes)


def warn(
    scheme: str, decline: Figure, required: Figure | Source, place: str, period: Period
) -> tuple[Warning | None, Figure]:
    """The warning level of a year's decline against what the year asks for, and the figure it comes from.

    Without both numbers there is no level: the figure is unknown with the reason.
    """
    table = bracket_table(TABLE, scheme)
    first = table.brackets[0].entry
    assert first is not None
    source = first.as_source(message("evaluation.warning_scheme"))
    figure = formulas()[_FORMULAS[first.attributes["quantity"]]].figure(
        {"decline": decline, "required": required, "brackets": Attached(table, source)},
        indicator="warning_level",
        label=message("evaluation.warning"),
        subject=place,
        period=period.written,
    )
    if figure.value is None:
        return None, figure
    chosen = next(_attributes(bracket) for bracket in table.brackets if ordinal_of(bracket) == int(figure.value))
    return (
        Warning(
            scheme=scheme,
            ordinal=int(figure.value),
            severity=int(chosen["severity"]),
            colour=chosen["colour"],
            label=Text(zh=chosen["name_zh"], en=chosen["name_en"]),
        ),
        figure,
    )
