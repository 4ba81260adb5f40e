"""Pure formulas of energy and emission management, one file per subject: no database, no web, no clock.

Rates are fractions (unit "1"); percent exists only where people read and type. The plain functions can be
used
alone; :mod:`hengneng.formulas.registry` lists them and makes figures that remember their derivation.
"""

from hengneng.formulas.registry import (
    ANY_UNIT,
    ArgumentError,
    Attached,
    Formula,
    Parameter,
    UndefinedError,
    formula,
    formulas,
    parse_argument,
)

__all__ = [
    "ANY_UNIT",
    "ArgumentError",
    "Attached",
    "Formula",
    "Parameter",
    "UndefinedError",
    "formula",
    "formulas",
    "parse_argument",
]
