"""Equations as MathML."""

from xml.etree import ElementTree

import pytest

from hengneng.formulas import formulas
from hengneng.web.mathematics import NotInSubsetError, mathml


@pytest.mark.parametrize("name", sorted(formulas()))
def test_every_formula_of_the_program_becomes_mathematics(name: str) -> None:
    element = ElementTree.fromstring(mathml(formulas()[name].equation))
    assert element.tag.endswith("math")
    assert "\\" not in "".join(element.itertext())


def test_fractions_powers_and_fences() -> None:
    written = mathml(r"r = 1 - \left(\frac{1-T}{1-C}\right)^{1/m}")
    assert "<mfrac><mrow><mn>1</mn><mo>−</mo><mi>T</mi></mrow><mrow>" in written
    assert written.count('fence="true"') == 2
    assert "<msup><mrow>" in written


def test_limits_stand_below_and_above_a_product() -> None:
    assert "<munderover><mo largeop" in mathml(r"\prod_{i=1}^{n} (1 - d_i)")


def test_what_is_outside_the_subset_is_refused() -> None:
    with pytest.raises(NotInSubsetError):
        mathml(r"\oint x")


def test_markup_in_names_is_escaped() -> None:
    assert "<script" not in mathml(r"x_{\text{<script>}}")
