"""Rule tables: every coefficient, limit, price, scale and word list, dated and cited, and their one lookup.

A table is ``data/<table>.csv`` with its field dictionary ``data/<table>.toml``. Tables load lazily, one at a
time.
"""

from hengneng.rules.entry import Column, RuleEntry, RuleTable
from hengneng.rules.tables import (
    RuleAmbiguousError,
    RuleNotFoundError,
    lookup,
    rule_table,
    rule_tables,
)

__all__ = [
    "Column",
    "RuleAmbiguousError",
    "RuleEntry",
    "RuleNotFoundError",
    "RuleTable",
    "lookup",
    "rule_table",
    "rule_tables",
]
