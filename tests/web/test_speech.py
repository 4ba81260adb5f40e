"""Numbers as people read them."""

import pytest

from hengneng.web.speech import Speech, shown, whole


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.12381488682048906, "1", 2, "12.38"),
        (-0.02003, "1", 2, "−2.00"),
        (0.00125, "1", 2, "0.13"),  # half-up, not half-even
        (-0.00001, "1", 2, "0.00"),  # no negative zero
        (1234.5, "10^4 tce", 2, "1,234.50"),
        (None, "1", 2, "—"),
    ],
)
def test_values_are_rounded_half_up(value: float | None, unit: str, decimals: int, text: str) -> None:
    assert shown(value, unit, decimals) == text


def test_the_derivation_keeps_every_digit() -> None:
    assert whole(0.1, "1") == "0.1"
    assert whole(-2.5, "tce") == "−2.5 tce"


def test_units_in_words() -> None:
    assert Speech("zh").unit("10^4 tce") == "万吨标准煤"
    assert Speech("en").unit("1") == "%"
    assert Speech("en").unit("no such unit") == "no such unit"


def test_marks_say_example_first() -> None:
    assert Speech("zh").marks(["unverified", "example"]) == "示例数据、未核实"
