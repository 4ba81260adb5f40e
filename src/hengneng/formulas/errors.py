"""What can go wrong in a formula: no result exists, or an argument cannot be used."""

from __future__ import annotations

from hengneng.language import Text, message
from hengneng.trace import Unknown


class UndefinedError(ArithmeticError):
    """For these inputs the formula has no result; ``unknown`` is the reason for the figure."""

    def __init__(self, code: str, **values: object) -> None:
        self.unknown = Unknown(code, values)
        super().__init__(self.unknown.text().en)


class ArgumentError(ValueError):
    """An argument that no formula may take. ``text`` says which, what was found and what is expected."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.text: Text = message(f"argument.{code}", **values)
        super().__init__(self.text.en)
