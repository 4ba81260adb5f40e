"""How the inputs of a figure are laid out for a formula: values, derivation nodes, what is missing, units."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hengneng.formulas.arguments import ANY_UNIT, Attached, Parameter
from hengneng.formulas.errors import ArgumentError
from hengneng.language import Text
from hengneng.rules.units import convert
from hengneng.trace import Figure, Quality, Source, Unknown

_NUMERIC = ("number", "numbers")


@dataclass(frozen=True)
class Bound:
    """One parameter with what the caller gave for it."""

    parameter: Parameter
    value: object
    nodes: tuple[Source | Figure, ...] = ()
    missing: tuple[Text, ...] = ()
    left_out: bool = False


def bind_all(parameters: Sequence[Parameter], inputs: Mapping[str, object]) -> list[Bound]:
    """Lay out ``inputs`` for ``parameters``, in their order.

    Numbers in another unit of the same dimension are converted exactly; numbers of free unit follow the
    first one
    given. A unit such as "tce/{quantity}" stands for tce per unit of what was given for the parameter
    ``quantity``, which
    comes earlier. ArgumentError for a wrong kind or a unit that measures something else.
    """
    units: dict[str, str] = {}
    free = ANY_UNIT
    bound = []
    for parameter in parameters:
        wanted = free if parameter.unit == ANY_UNIT else parameter.unit.format(**units)
        bound.append(bind(replace(parameter, unit=wanted), inputs.get(parameter.name)))
        units[parameter.name] = _unit_of(bound[-1], wanted)
        if wanted == ANY_UNIT:
            free = units[parameter.name]
    return bound


def _unit_of(bound: Bound, wanted: str) -> str:
    """The unit that the numbers of ``bound`` are in: the one wanted; where free, the first one given."""
    given = [node.unit for node in bound.nodes if node.unit != ANY_UNIT]
    return given[0] if wanted == ANY_UNIT and given and bound.parameter.kind in _NUMERIC else wanted


def _in_unit(parameter: Parameter, node: Source | Figure, wanted: str) -> float | None:
    """The value of ``node`` in the unit ``wanted``. ArgumentError when it cannot be converted."""
    if node.value is None or node.unit == wanted or ANY_UNIT in (wanted, node.unit):
        return node.value
    try:
        return float(convert(Decimal(repr(node.value)), node.unit, wanted))
    except ValueError:
        raise ArgumentError(
            "wrong-unit", parameter=parameter.name, label=parameter.label, found=node.unit, expected=wanted
        ) from None


def bind(parameter: Parameter, given: object) -> Bound:
    """Lay out ``given`` for ``parameter``. ArgumentError for a wrong kind or unit."""
    if given is None and parameter.optional:
        return Bound(parameter, None, left_out=True)
    if given is None:
        return Bound(parameter, None, nodes=(_absent(parameter),), missing=(parameter.label,))
    if parameter.kind in ("word", "table"):
        return _bind_content(parameter, given)
    if parameter.kind == "numbers":
        if isinstance(given, str | bytes | Source | Figure) or not isinstance(given, Sequence):
            raise _wrong_input(parameter, given)
        nodes = tuple(_node(parameter, each) for each in given)
        wanted = _unit_of(Bound(parameter, None, nodes), parameter.unit)
        values = [_in_unit(parameter, node, wanted) for node in nodes]
        return Bound(parameter, values, nodes, _labels_without_value(nodes))
    node = _node(parameter, given)
    return Bound(parameter, _in_unit(parameter, node, parameter.unit), (node,), _labels_without_value((node,)))


def result_unit(unit: str, parameters: Sequence[Parameter], bound: Sequence[Bound]) -> str:
    """Unit of the result: ``unit``, or where that is free the unit that the numbers of free unit are in."""
    if unit != ANY_UNIT:
        return unit
    free = [b for p, b in zip(parameters, bound, strict=True) if p.unit == ANY_UNIT]
    return next((found for b in free if (found := _unit_of(b, b.parameter.unit)) != ANY_UNIT), ANY_UNIT)


def _node(parameter: Parameter, given: object) -> Source | Figure:
    if given is None:
        return _absent(parameter)
    if not isinstance(given, Source | Figure):
        raise _wrong_input(parameter, given)
    return given


def _absent(parameter: Parameter) -> Source:
    return Source(
        "given",
        parameter.label,
        None,
        parameter.unit,
        {"parameter": parameter.name},
        quality=Quality.MISSING,
        unknown=Unknown("not-given"),
    )


def _labels_without_value(nodes: Sequence[Source | Figure]) -> tuple[Text, ...]:
    return tuple(node.label for node in nodes if node.value is None)


def _bind_content(parameter: Parameter, given: object) -> Bound:
    if isinstance(given, Source | Figure):
        raise _wrong_input(parameter, given)
    if isinstance(given, Attached):
        if given.content is None:
            return Bound(parameter, None, (given.source,), (parameter.label,))
        return Bound(parameter, given.content, (given.source,))
    # A table without a source is named by a digest of its content: equal tables give equal derivations.
    reference = given if parameter.kind == "word" else hashlib.sha256(repr(given).encode()).hexdigest()
    named = {"parameter": parameter.name, parameter.kind: reference}
    return Bound(parameter, given, (Source("given", parameter.label, None, parameter.unit, named),))


def _wrong_input(parameter: Parameter, given: object) -> ArgumentError:
    found = type(given).__name__
    return ArgumentError("wrong-input", parameter=parameter.name, label=parameter.label, found=found)
