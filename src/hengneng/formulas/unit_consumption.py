"""Energy per unit of service: transport work, persons, floor area."""

from __future__ import annotations

from hengneng.formulas.arguments import Parameter
from hengneng.formulas.exact import needs_positive
from hengneng.formulas.registry import formula
from hengneng.language import Text

_ENERGY = Text(zh="能源消费量", en="energy consumption")
_WORK = Text(zh="换算周转量", en="converted transport work")
_PERSONS = Text(zh="用能人数", en="number of energy users")
_AREA = Text(zh="建筑面积", en="floor area")
_PUBLIC = "公共机构能源资源消费统计调查制度, 人均综合能耗、单位建筑面积能耗"


@formula(
    name="energy_per_transport_work",
    version=1,
    title=Text(zh="单位运输周转量能耗", en="energy per transport work"),
    unit="kgce/(100 t km)",
    equation=r"e = 100 \cdot 1000 E / W",
    source="交通运输能耗统计监测, 营运车辆（船舶）单位运输周转量能耗",
    confidence="memory-high",
    parameters=[Parameter("energy", _ENERGY, "tce"), Parameter("transport_work", _WORK, "t km")],
)
def energy_per_transport_work(energy: float, transport_work: float) -> float:
    r"""Energy per transport work, :math:`e = 100 \cdot 1000 E/W`.

    Args:
        energy: energy consumption of the vehicles or ships [tce].
        transport_work: converted transport work, passengers included by the ratio of the rule tables [t km],
            above zero.

    Returns:
        energy per transport work [kgce/(100 t km)].

    Raises:
        UndefinedError: the transport work is not above zero.
    """
    needs_positive(transport_work, _WORK)
    return energy * 1e5 / transport_work


@formula(
    name="energy_per_person",
    version=1,
    title=Text(zh="人均综合能耗", en="energy per person"),
    unit="kgce/person",
    equation=r"e = 1000 E / N",
    source=_PUBLIC,
    confidence="memory-high",
    parameters=[Parameter("energy", _ENERGY, "tce"), Parameter("persons", _PERSONS, "person")],
)
def energy_per_person(energy: float, persons: float) -> float:
    r"""Energy per person, :math:`e = 1000 E/N` (公共机构能源资源消费统计).

    Args:
        energy: energy consumption [tce].
        persons: number of energy users, a yearly mean may be fractional [person], above zero.

    Returns:
        energy per person [kgce/person].

    Raises:
        UndefinedError: the number is not above zero.
    """
    needs_positive(persons, _PERSONS)
    return energy * 1e3 / persons


@formula(
    name="energy_per_area",
    version=1,
    title=Text(zh="单位建筑面积能耗", en="energy per floor area"),
    unit="kgce/m2",
    equation=r"e = 1000 E / A",
    source=_PUBLIC,
    confidence="memory-high",
    parameters=[Parameter("energy", _ENERGY, "tce"), Parameter("area", _AREA, "m2")],
)
def energy_per_area(energy: float, area: float) -> float:
    r"""Energy per floor area, :math:`e = 1000 E/A` (公共机构能源资源消费统计).

    Args:
        energy: energy consumption [tce].
        area: floor area [m2], above zero.

    Returns:
        energy per floor area [kgce/m2].

    Raises:
        UndefinedError: the area is not above zero.
    """
    needs_positive(area, _AREA)
    return energy * 1e3 / area
