"""Derivations: there and back, one canonical form, one digest."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hengneng.language import Text
from hengneng.trace import (
    Figure,
    Mark,
    Quality,
    Source,
    Unknown,
    all_marks,
    canonical_json,
    number_to_text,
    text_to_number,
    worst_quality,
)

LABEL = Text(zh="能耗", en="energy")


def source(value: float | None = 1.0, quality: Quality = Quality.REPORTED, *marks: Mark) -> Source:
    """An input."""
    unknown = None if value is not None else Unknown("no-fact", {"what": {"zh": "能耗", "en": "energy"}, "place": "x"})
    return Source("fact", LABEL, value, "tce", {"fact": "a/b/2014#1"}, quality, frozenset(marks), unknown)


def figure(value: float | None = 2.0, *inputs: tuple[str, Source | Figure], indicator: str = "i") -> Figure:
    """A figure over inputs."""
    nodes = [node for _, node in inputs]
    unknown = None if value is not None else Unknown("missing-inputs", {"inputs": {"zh": "能耗", "en": "energy"}})
    return Figure(
        indicator=indicator,
        label=LABEL,
        subject="650100",
        period="2014",
        value=value,
        unit="tce",
        formula="sum",
        formula_version=1,
        inputs=tuple(inputs),
        quality=worst_quality(nodes),
        marks=all_marks(nodes),
        unknown=unknown,
    )


DEEP = figure(
    3.5,
    ("a", source(1.0, Quality.ESTIMATED, Mark.EXAMPLE)),
    ("b", figure(None, ("c", source(None, Quality.MISSING)), indicator="inner")),
)


def test_a_figure_comes_back_from_json_as_it_was() -> None:
    again = Figure.from_json(json.loads(json.dumps(DEEP.to_json())))
    assert again == DEEP
    assert again.digest == DEEP.digest


def test_the_digest_is_of_the_canonical_json() -> None:
    assert DEEP.digest == hashlib.sha256(canonical_json(DEEP.to_json())).hexdigest()


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    NUMBERS.map(source),
    lambda below: st.lists(st.tuples(st.text(max_size=4), below), max_size=3).flatmap(
        lambda inputs: NUMBERS.map(lambda value: figure(value, *inputs))
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.text(max_size=4), TREES), max_size=4))
def test_the_digest_of_any_tree_is_of_its_canonical_json(inputs: list[tuple[str, Source | Figure]]) -> None:
    one = figure(1.0, *inputs)
    assert one.digest == hashlib.sha256(canonical_json(one.to_json())).hexdigest()
    assert Figure.from_json(json.loads(canonical_json(one.to_json()))).digest == one.digest


def test_every_part_of_a_derivation_is_in_the_digest() -> None:
    variants = [
        figure(2.0, ("a", source(1.0))),
        figure(2.5, ("a", source(1.0))),
        figure(2.0, ("b", source(1.0))),
        figure(2.0, ("a", source(1.5))),
        figure(2.0, ("a", source(1.0, Quality.ESTIMATED))),
        figure(2.0, ("a", source(1.0, Quality.REPORTED, Mark.EXAMPLE))),
        figure(2.0, ("a", source(1.0)), indicator="j"),
        figure(None, ("a", source(1.0))),
        figure(2.0, ("a", figure(1.0))),
    ]
    assert len({one.digest for one in variants}) == len(variants)


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": [1, {"d": "能", "c": None}]}) == canonical_json(
        {"a": [1, {"c": None, "d": "能"}], "b": 1}
    )
    assert canonical_json({"b": "能", "a": 1}) == '{"a":1,"b":"能"}'.encode()


def test_canonical_json_has_no_numbers_that_json_lacks() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(math.nan)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_from_its_text(value: float) -> None:
    text = number_to_text(value)
    assert text_to_number(text) == value


def test_nothing_stays_nothing() -> None:
    assert number_to_text(None) is None
    assert text_to_number(None) is None
    assert number_to_text(0) == "0.0"


def test_a_figure_has_a_value_or_a_reason() -> None:
    given = {"indicator": "i", "label": LABEL, "subject": "x", "period": "2014", "unit": "1", "formula": "f"}
    rest = {"formula_version": 1, "inputs": ()}
    with pytest.raises(ValueError, match="either a value or a reason"):
        Figure(**given, **rest, value=None)
    with pytest.raises(ValueError, match="either a value or a reason"):
        Figure(**given, **rest, value=1.0, unknown=Unknown("no-fact"))


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="trace/1"):
        Figure.from_json({**DEEP.to_json(), "format": "trace/2"})


def test_sources_are_all_that_lies_below() -> None:
    assert [one.value for one in DEEP.sources()] == [1.0, None]


@pytest.mark.parametrize(
    ("qualities", "worst"),
    [
        ([], Quality.REPORTED),
        ([Quality.REPORTED, Quality.REPORTED_ZERO], Quality.REPORTED),
        ([Quality.REPORTED, Quality.ESTIMATED], Quality.ESTIMATED),
        ([Quality.MISSING, Quality.ESTIMATED], Quality.MISSING),
    ],
)
def test_the_worst_quality_spreads(qualities: list[Quality], worst: Quality) -> None:
    assert worst_quality([source(None if q is Quality.MISSING else 1.0, q) for q in qualities]) is worst


def test_every_mark_spreads() -> None:
    marked = [source(1.0, Quality.REPORTED, Mark.EXAMPLE), source(1.0, Quality.REPORTED, Mark.UNVERIFIED), source()]
    assert all_marks(marked) == {Mark.EXAMPLE, Mark.UNVERIFIED}
    assert all_marks([]) == frozenset()


def test_a_reason_says_itself_in_both_languages() -> None:
    reason = Unknown("no-fact", {"what": {"zh": "能耗", "en": "energy"}, "place": "650100"})
    assert Unknown.from_json(reason.to_json()) == reason
    assert "能耗" in reason.text().zh
    assert "energy" in reason.text().en
