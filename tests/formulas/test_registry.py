"""The registry: figures with their derivation, unknowns, units, and arguments as typed."""

from __future__ import annotations

import inspect
import json
import math

import pytest

from hengneng.formulas import (
    ArgumentError,
    Attached,
    Formula,
    Parameter,
    UndefinedError,
    formula,
    formulas,
    parse_argument,
)
from hengneng.formulas.intensity import cumulative_decline, yearly_decline
from hengneng.language import Text, catalogue
from hengneng.trace import Figure, Mark, Quality, Source, Unknown

LABEL = Text(zh="指标", en="indicator")


def fact(value: float | None, unit: str = "1", name: str = "甲", **more: object) -> Source:
    return Source("fact", Text(zh=name, en=f"fact {name}"), value, unit, {"row": 1}, **more)  # type: ignore[arg-type]


def figure(name: str, **inputs: object) -> Figure:
    return formulas()[name].figure(inputs, indicator="i", label=LABEL, subject="650100", period="2014")


@pytest.mark.parametrize("one", formulas().values(), ids=lambda f: f.name)
def test_every_formula_is_documented(one: Formula) -> None:
    assert one.version >= 1
    assert one.equation
    assert one.source
    documented = inspect.getdoc(one.compute) or ""
    assert "Args:" in documented
    assert "Returns:" in documented
    for parameter in one.parameters:
        assert f"    {parameter.name}: " in documented, parameter.name
    if one.unit not in ("1", "any"):
        assert f"[{one.unit}]" in documented
    assert f"reason.{one.missing_reason}" in catalogue()


def test_a_figure_remembers_its_derivation() -> None:
    made = figure("cumulative_decline", declines=[fact(0.025), fact(0.03, name="乙")])
    assert made.value == cumulative_decline([0.025, 0.03])
    assert [role for role, _ in made.inputs] == ["declines", "declines"]
    assert (made.formula, made.formula_version, made.unit) == ("cumulative_decline", 1, "1")
    assert Figure.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_missing_is_unknown_and_named_never_zero() -> None:
    made = figure("share", part=fact(None, "tce", unknown=Unknown("not-given")), whole=None)
    assert made.value is None
    assert made.quality is Quality.MISSING
    assert made.unknown is not None
    assert made.unknown.text() == Text(zh="缺少甲、总量", en="missing: fact 甲, whole")
    assert len(made.inputs) == 2


def test_one_missing_year_makes_the_chain_unknown() -> None:
    made = figure("cumulative_decline", declines=[fact(0.02), None, fact(0.03)])
    assert made.value is None
    assert len(made.inputs) == 3


def test_undefined_is_unknown_with_its_reason_in_both_languages() -> None:
    made = figure("completion_ratio", actual=fact(0.02), target=fact(0.0))
    assert made.unknown is not None
    assert made.unknown.code == "target-not-positive"
    assert "目标" in made.unknown.text().zh
    assert Figure.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_quality_and_marks_spread_through_figures() -> None:
    doubtful = fact(0.02, quality=Quality.ESTIMATED, marks=frozenset({Mark.EXAMPLE}))
    inner = figure("cumulative_decline", declines=[fact(0.01), doubtful])
    outer = figure("logarithmic_progress", cumulative=inner, target=fact(0.1))
    assert outer.quality is Quality.ESTIMATED
    assert outer.marks == {Mark.EXAMPLE}


def test_a_formula_from_memory_marks_its_figures() -> None:
    made = figure("energy_per_person", energy=fact(5, "tce"), persons=fact(10, "person"))
    assert made.value == 500
    assert made.marks == {Mark.UNVERIFIED}


def test_units_are_converted_exactly_or_refused() -> None:
    made = figure("intensity", energy=fact(1520, "10^4 tce"), value_added=fact(2180, "10^8 yuan"))
    assert made.value == pytest.approx(0.697248, abs=5e-7)
    assert made.unit == "tce/10^4 yuan"
    with pytest.raises(ArgumentError, match=r"energy.*found unit 10\^4 yuan, expected tce"):
        figure("intensity", energy=fact(1, "10^4 yuan"), value_added=fact(1, "10^4 yuan"))


def test_free_units_follow_the_first_number() -> None:
    made = figure("headroom", cap=fact(2, "10^4 tce"), total=fact(5000, "tce"))
    assert (made.value, made.unit) == (1.5, "10^4 tce")
    parts = figure("sum_of_parts", parts=[fact(1, "tce"), fact(1000, "kgce")])
    assert (parts.value, parts.unit) == (2.0, "tce")
    with pytest.raises(ArgumentError):
        figure("share", part=fact(1, "tce"), whole=fact(1, "10^4 yuan"))


def test_a_factor_must_fit_its_quantity() -> None:
    made = figure("coal_equivalent", quantity=fact(100, "10^4 m3"), factor=fact(1.33, "kgce/m3"))
    assert (made.value, made.unit) == (1330.0, "tce")
    with pytest.raises(ArgumentError, match="tce/10"):
        figure("coal_equivalent", quantity=fact(100, "10^4 t"), factor=fact(1.33, "kgce/m3"))


def test_plain_values_make_a_figure_too() -> None:
    made = formulas()["coal_equivalent"].given({"quantity": 43500.0, "factor": 0.7143})
    assert (made.value, made.unit) == (pytest.approx(31072.05), "tce")
    assert [node.kind for _, node in made.inputs] == ["given", "given"]  # type: ignore[union-attr]
    with pytest.raises(ArgumentError, match="years"):
        formulas()["equal_annual_rate"].given({"target": 0.2, "years": 2.5})


def test_words_come_with_or_without_their_source() -> None:
    source = fact(None, "1", "规则")
    made = figure(
        "elasticity", energy_growth=fact(-0.02), gdp_growth=fact(0.08), when_energy_falls="reported"
    )
    assert made.value == -0.25
    made = figure(
        "elasticity",
        energy_growth=fact(-0.02),
        gdp_growth=fact(0.08),
        when_energy_falls=Attached("not-reported", source),
    )
    assert made.unknown is not None
    assert made.unknown.code == "elasticity-not-reported"
    assert made.inputs[-1] == ("when_energy_falls", source)


def test_inputs_of_the_wrong_kind_are_refused() -> None:
    with pytest.raises(ArgumentError, match="no parameter parts"):
        figure("share", parts=fact(1))
    with pytest.raises(ArgumentError, match="part"):
        figure("share", part=3.0, whole=fact(1))
    with pytest.raises(ArgumentError, match="declines"):
        figure("cumulative_decline", declines=fact(1))
    with pytest.raises(ArgumentError, match="operator"):
        figure("meets", actual=fact(1), target=fact(1), operator="above")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, True, "0.1", None])
def test_only_finite_numbers_are_computed_with(bad: object) -> None:
    with pytest.raises(ArgumentError, match="intensity_now"):
        yearly_decline(1.0, bad)  # type: ignore[arg-type]


def test_a_result_beyond_float64_is_undefined() -> None:
    with pytest.raises(UndefinedError):
        cumulative_decline([-1e300, -1e300])


def test_a_wrong_declaration_is_found_when_it_is_made() -> None:
    def declared(name: str) -> None:
        decorate = formula(
            name=name,
            version=1,
            title=LABEL,
            unit="1",
            equation="x",
            source="test",
            parameters=[Parameter("y", LABEL, "1")],
        )
        decorate(lambda x: x)

    with pytest.raises(ValueError, match="parameters declared"):
        declared("wrongly_declared")
    assert "wrongly_declared" not in formulas()


@pytest.mark.parametrize(
    ("name", "parameter", "text", "read"),
    [
        ("equal_annual_rate", "target", "2.5%", 0.025),
        ("equal_annual_rate", "target", " 4.1 ％ ", 0.041),
        ("equal_annual_rate", "target", "0.025", 0.025),
        ("equal_annual_rate", "target", "-1e-3", -0.001),
        ("equal_annual_rate", "years", "5", 5),
        ("cumulative_decline", "declines", "4.0%,4.1%", [0.04, 0.041]),
        ("cumulative_decline", "declines", "4.0%，-0.01、3%", [0.04, -0.01, 0.03]),
        ("meets", "operator", "at_most", "at_most"),
        ("grade", "target_met", "是", True),
    ],
)
def test_arguments_as_typed(name: str, parameter: str, text: str, read: object) -> None:
    assert parse_argument(formulas()[name], parameter, text) == read


@pytest.mark.parametrize(
    ("name", "parameter", "text", "says"),
    [
        ("equal_annual_rate", "target", "nan", "target.*'nan'.*expected a number"),
        ("equal_annual_rate", "target", "1e999", "target.*expected a finite number"),
        ("equal_annual_rate", "target", "2.5%%", "target.*expected a number"),
        ("equal_annual_rate", "target", "", "target.*expected a number"),
        ("equal_annual_rate", "target", "1,520", "target.*expected a number"),
        ("equal_annual_rate", "years", "2.5", "years.*'2.5'.*whole number"),
        ("equal_annual_rate", "years", "-2", "years.*whole number"),
        ("equal_annual_rate", "speed", "1", "no parameter speed; its parameters are: target, years"),
        ("cumulative_decline", "declines", "4%,,5%", "declines.*expected a number"),
        ("intensity", "energy", "5%", "energy.*expected a number in tce"),
        ("meets", "operator", "more", "operator.*at_least, at_most"),
        ("grade", "grades", "national", "grades.*rule table"),
        ("grade", "target_met", "2", "target_met.*yes"),
    ],
)
def test_refused_arguments_say_what_is_wrong(name: str, parameter: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_argument(formulas()[name], parameter, text)
    assert isinstance(caught.value, ArgumentError)
    assert caught.value.text.zh
