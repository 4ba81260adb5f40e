"""The list of formulas: what each computes from what, by which equation of which document, how certain."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, cast

from hengneng.formulas.arguments import ANY_UNIT, Attached, Kind, Parameter, check_argument, parse_text
from hengneng.formulas.errors import ArgumentError, UndefinedError
from hengneng.formulas.inputs import Bound, bind_all, result_unit
from hengneng.language import Text
from hengneng.trace import Figure, Mark, Quality, Source, Unknown, all_marks, worst_quality

__all__ = [
    "ANY_UNIT",
    "ArgumentError",
    "Attached",
    "Formula",
    "Kind",
    "Parameter",
    "UndefinedError",
    "formula",
    "formulas",
    "parse_argument",
]

Confidence = Literal["sourced", "memory-high", "memory-medium", "memory-low"]
ResultKind = Literal["number", "truth", "ordinal"]

P = ParamSpec("P")
R = TypeVar("R", bound=float)

_registered: dict[str, Formula] = {}


@dataclass(frozen=True)
class Formula:
    """One registered formula.

    ``version`` counts changes of the result for equal inputs. ``result`` says how to read the value: a number
    in ``unit``, a truth (1.0 yes, 0.0 no) or the ordinal of a level. ``missing_reason`` is the reason code
    when
    an input is missing.
    """

    name: str
    version: int
    title: Text
    unit: str
    equation: str
    source: Text
    confidence: Confidence
    parameters: tuple[Parameter, ...]
    compute: Callable[..., float]
    subject: str
    result: ResultKind = "number"
    missing_reason: str = "missing-inputs"

    def parameter(self, name: str) -> Parameter:
        """The parameter ``name``. ArgumentError (a ValueError), listing them all, when there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = ", ".join(p.name for p in self.parameters)
        raise ArgumentError("no-such-parameter", formula=self.name, found=name, expected=names)

    def figure(self, inputs: Mapping[str, Any], *, indicator: str, label: Text, subject: str, period: str) -> Figure:
        """The result for ``inputs`` as a figure that knows its derivation.

        ``inputs`` maps parameter names to a Source or Figure (number, count, truth), a sequence of them
        (numbers), a str or a table, or either as :class:`Attached` to its Source (word, table). A missing
        value (None, or a Source or Figure without value) makes an unknown figure whose reason names the
        inputs;
        a case for which the formula is undefined makes one that says why. Values in another unit of the same
        dimension are converted. Raises ArgumentError for unknown names, units of another dimension, wrong
        kinds.
        """
        for name in inputs:
            self.parameter(name)
        bound = bind_all(self.parameters, inputs)
        nodes = tuple((b.parameter.name, node) for b in bound for node in b.nodes)
        value, unknown = self._value(bound)
        marks = all_marks(node for _, node in nodes)
        if self.confidence != "sourced":
            marks |= {Mark.UNVERIFIED}
        return Figure(
            indicator=indicator,
            label=label,
            subject=subject,
            period=period,
            value=value,
            unit=result_unit(self.unit, self.parameters, bound),
            formula=self.name,
            formula_version=self.version,
            inputs=nodes,
            quality=worst_quality(node for _, node in nodes) if unknown is None else Quality.MISSING,
            marks=marks,
            unknown=unknown,
        )

    def _value(self, bound: Sequence[Bound]) -> tuple[float | None, Unknown | None]:
        missing = [label for b in bound for label in b.missing]
        if missing:
            names = {"zh": "、".join(m.zh for m in missing), "en": ", ".join(m.en for m in missing)}
            return None, Unknown(self.missing_reason, {"inputs": names})
        try:
            value = self.compute(**{b.parameter.name: b.value for b in bound if not b.left_out})
        except UndefinedError as error:
            return None, error.unknown
        return float(value), None

    def given(self, values: Mapping[str, object]) -> Figure:
        """The figure for plain values typed in by somebody (float, list of floats, int, str or a table)."""
        units = {parameter.name: parameter.unit for parameter in self.parameters}
        return self.figure(
            {name: _as_given(self.parameter(name), value, units) for name, value in values.items()},
            indicator=self.name,
            label=self.title,
            subject="",
            period="",
        )


def _as_given(parameter: Parameter, value: object, units: Mapping[str, str]) -> object:
    def source(number: object) -> Source:
        unit = parameter.unit.format(**units)
        named = {"parameter": parameter.name}
        return Source("given", parameter.label, float(cast(float, number)), unit, named)

    if value is None or parameter.kind in ("word", "table"):
        return value
    checked = check_argument(parameter, value)
    if parameter.kind == "numbers":
        return [source(number) for number in cast(Sequence[float], checked)]
    return source(checked)


def formula(
    *,
    name: str,
    version: int,
    title: Text,
    unit: str,
    equation: str,
    source: Text | str,
    parameters: Sequence[Parameter],
    confidence: Confidence = "sourced",
    result: ResultKind = "number",
    missing_reason: str = "missing-inputs",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function as the formula ``name``.

    The function is wrapped so that NaN, infinity and arguments of the wrong kind are refused (ArgumentError)
    and
    an overflow is an UndefinedError, wherever it is called from. Raises ValueError at import time when the
    name
    is taken or the parameters differ from those of the function.
    """

    def register(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        _check_signature(name, signature, parameters)
        if name in _registered:
            raise ValueError(f"formula {name} is registered twice")

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            call = signature.bind(*args, **kwargs)
            for parameter in parameters:
                if parameter.name in call.arguments:
                    found = call.arguments[parameter.name]
                    call.arguments[parameter.name] = check_argument(parameter, found)
            try:
                value = function(*call.args, **call.kwargs)
            except OverflowError:
                raise UndefinedError("not-finite", formula=name) from None
            if value - value != 0:
                raise UndefinedError("not-finite", formula=name)
            return value

        _registered[name] = Formula(
            name=name,
            version=version,
            title=title,
            unit=unit,
            equation=equation,
            source=source if isinstance(source, Text) else Text(zh=source, en=source),
            confidence=confidence,
            parameters=tuple(parameters),
            compute=checked,
            subject=function.__module__.rpartition(".")[2],
            result=result,
            missing_reason=missing_reason,
        )
        return checked

    return register


def _check_signature(name: str, signature: inspect.Signature, parameters: Sequence[Parameter]) -> None:
    declared = [(p.name, p.optional) for p in parameters]
    actual = [(p.name, p.default is not inspect.Parameter.empty) for p in signature.parameters.values()]
    if declared != actual:
        raise ValueError(f"formula {name}: parameters declared {declared}, function has {actual}")


@functools.cache
def formulas() -> Mapping[str, Formula]:
    """All formulas by name, sorted; every file of this package that is not a helper is read for them."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"hengneng.formulas.{module.name}")
    return dict(sorted(_registered.items()))


def parse_argument(formula: Formula, name: str, text: str) -> object:
    """Read what somebody typed for parameter ``name``.

    A number is ``2.5%`` or ``0.025``, numbers ``4.0%,4.1%``, a count ``5``, a truth ``yes`` or ``no``.
    Percent is accepted only where the parameter's unit is "1" or free. Raises ArgumentError (a ValueError)
    naming the parameter, what was found and what is expected.
    """
    return parse_text(formula.parameter(name), text)
