"""A database field for exact decimals, the same on every database."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    # Whoever assigns and reads it sees what a DecimalField would give.
    ExactDecimalField = models.DecimalField
else:

    class ExactDecimalField(models.TextField):
        """A Decimal kept as its own text.

        SQLite would store a DecimalField as a double and lose digits; a figure that somebody reported keeps all of
        them.
        """

        def get_internal_type(self) -> str:
            return "TextField"

        def from_db_value(self, value: str | None, *_: Any) -> Decimal | None:
            return None if value is None else Decimal(value)

        def to_python(self, value: Any) -> Decimal | None:
            return value if value is None or isinstance(value, Decimal) else Decimal(str(value))

        def get_prep_value(self, value: Any) -> str | None:
            return None if value is None else format(Decimal(value), "f")
