"""Numbers as people read them."""

from decimal import Decimal

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


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (555.06, "10^4 tce", "", "5.551 million tce"),
        (123_456.0, "10^4 tce", "12.35 亿吨标准煤", "1.235 billion tce"),
        (12.5, "10^4 tce", "", "125,000 tce"),
        (9_273.46, "10^8 yuan", "", "927.3 billion yuan"),
        (20_000.0, "10^8 yuan", "", "2 trillion yuan"),
        (350_000.0, "yuan", "35 万元", ""),
        (Decimal("123456"), "10^4 tce", "12.35 亿吨标准煤", "1.235 billion tce"),
        (-350_000_000.0, "yuan", "−3.5 亿元", "−350 million yuan"),
        (9_999.0, "person", "", ""),
        (0.155, "1", "", ""),
        (123_456.0, "tce/10^4 yuan", "", ""),
        (123_456.0, "no such unit", "", ""),
        (None, "10^4 tce", "", ""),
    ],
)
def test_large_amounts_as_each_language_counts(value: float | Decimal | None, unit: str, zh: str, en: str) -> None:
    assert Speech("zh").large(value, unit) == zh
    assert Speech("en").large(value, unit) == en


def test_the_derivation_keeps_every_digit() -> None:
    assert whole(0.1, "1") == "0.1"
    assert whole(-2.5, "tce") == "−2.5 tce"


def test_units_in_words() -> None:
    assert Speech("zh").unit("10^4 tce") == "万吨标准煤"
    assert Speech("en").unit("1") == "%"
    assert Speech("en").unit("no such unit") == "no such unit"


def test_marks_say_example_first() -> None:
    assert Speech("zh").marks(["unverified", "example"]) == "示例数据、未核实"
