"""Write plans/xinjiang-2015/organisations.csv from the register of divisions.

Run ``.venv/bin/python tools/organisations.py``. What is not in the register stands in the lists below. The file is data
and may be corrected by hand afterwards: compare before writing it anew.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from hengneng.rules.divisions import Division, divisions, places_above, subject_code

FILE = Path(__file__).parents[1] / "plans" / "xinjiang-2015" / "organisations.csv"
COLUMNS = (
    "identifier", "kind", "name_zh", "name_en", "place", "parent", "valid_from", "valid_to", "source", "confidence",
)  # fmt: skip
REGION, ILI, ILI_DIRECT, SHIHEZI, CORPS_CITIES = "650000", "654000", "654000-direct", "659001", "659000"
DOCUMENT = "自治区2015年节能减排工作要点"
FROM_REGISTER = "由行政区划表推定其政府 government inferred from the table of administrative divisions"
OFFICE = "推定各地与自治区同样设有领导小组办公室，名称未核实 assumed by analogy with the Region; name not verified"
BODY = "推定各级设有节能监察机构，名称未核实 a supervision body at each level is assumed; name not verified"
DEPARTMENT = "2015年自治区部门的通用名称 department of the Region by its common name in 2015"
EXAMPLE = "为演示编造 invented for demonstration"

# Bodies that the document itself names keep their identifiers; here they get their place in the tree.
NAMED = [
    ("regional-government", "region_government", "自治区人民政府", "Government of the Region", REGION, ""),
    ("regional-leading-group-office", "region_office", "自治区节能减排领导小组办公室",
     "Office of the regional leading group for energy saving and emission reduction", REGION, "regional-government"),
    ("regional-development-reform", "department", "自治区发展改革委", "Development and Reform Commission of the Region",
     REGION, "regional-government"),
    ("regional-finance", "department", "自治区财政", "Finance of the Region", REGION, "regional-government"),
    ("ili-prefecture", "prefecture_government", "伊犁哈萨克自治州", "Ili Kazakh Autonomous Prefecture", ILI,
     "regional-government"),
]  # fmt: skip
DEPARTMENTS = [
    ("economy-and-information", "自治区经济和信息化委员会", "Economic and Information Commission of the Region"),
    ("housing-and-construction", "自治区住房和城乡建设厅", "Department of Housing and Construction of the Region"),
    ("transport", "自治区交通运输厅", "Department of Transport of the Region"),
    ("environment", "自治区环境保护厅", "Department of Environmental Protection of the Region"),
    ("commerce", "自治区商务厅", "Department of Commerce of the Region"),
    ("agriculture", "自治区农业厅", "Department of Agriculture of the Region"),
    ("statistics", "自治区统计局", "Bureau of Statistics of the Region"),
    ("government-offices", "自治区机关事务管理局", "Government Offices Administration of the Region"),
    ("quality-supervision", "自治区质量技术监督局", "Bureau of Quality and Technical Supervision of the Region"),
    ("science", "自治区科学技术厅", "Department of Science and Technology of the Region"),
    ("public-security", "自治区公安厅", "Department of Public Security of the Region"),
    ("education", "自治区教育厅", "Department of Education of the Region"),
    ("state-assets", "自治区国有资产监督管理委员会", "State-owned Assets Commission of the Region"),
]
EXAMPLES = [
    ("example-power-plant-changji", "energy_using_unit", "示例·准东火电厂",
     "Example: Zhundong thermal power plant", "652327"),
    ("example-cement-works-hami", "energy_using_unit", "示例·哈密水泥厂", "Example: Hami cement works", "652200"),
    ("example-petrochemical-works-karamay", "energy_using_unit", "示例·独山子石化厂",
     "Example: Dushanzi petrochemical works", "650202"),
    ("example-audit-office", "audit_office", "示例·自治区审计机关", "Example: audit office of the Region", REGION),
]  # fmt: skip


def rows() -> Iterator[tuple[str, ...]]:
    """Every row of the file, parents before children."""
    for identifier, kind, zh, en, place, parent in NAMED:
        yield (identifier, kind, zh, en, place, parent, "", "", DOCUMENT, "sourced")
    for identifier, zh, en in DEPARTMENTS:
        yield (
            f"regional-{identifier}", "department", zh, en, REGION, "regional-government", "", "", DEPARTMENT,
            "memory-high",
        )  # fmt: skip
    yield (
        "regional-supervision-body", "supervision_body", "自治区节能监察总队",
        "Energy-saving supervision corps of the Region", REGION, "regional-leading-group-office", "", "", BODY,
        "inferred",
    )  # fmt: skip
    inside = [one for one in divisions() if REGION in places_above(one.code) and one.level in ("prefecture", "county")]
    prefectures = [one for one in inside if one.level == "prefecture" or one.code == SHIHEZI]
    for one in prefectures:
        yield from _government(one, "prefecture")
    for one in prefectures:
        if subject_code(one.code) == one.code:
            yield from _prefecture_offices(_newest(one))
    counties = [one for one in inside if one.level == "county" and one.code != SHIHEZI]
    for one in counties:
        yield from _government(one, "county")
    for one in counties:
        if subject_code(one.code) == one.code:
            yield from _county_office(_newest(one))
    for identifier, kind, zh, en, place in EXAMPLES:
        yield (identifier, kind, zh, en, place, "", "", "", EXAMPLE, "invented")


def _newest(one: Division) -> Division:
    chain = [other for other in divisions() if subject_code(other.code) == one.code]
    return next(other for other in chain if other.valid_to is None)


def _government(one: Division, level: str) -> Iterator[tuple[str, ...]]:
    if one.code == ILI:
        return  # the document names it
    parent = "ili-prefecture" if one.parent == ILI else f"prefecture-government-{one.parent}"
    if one.parent in (REGION, CORPS_CITIES):
        parent = "regional-government"
    office = one.name.zh.endswith("地区")
    name_zh = f"{one.name.zh}{'行政公署' if office else '人民政府'}"
    name_en = f"{'Administrative Office' if office else 'Government'} of {one.name.en}"
    days = [day.isoformat() if day else "" for day in (one.valid_from, one.valid_to)]
    yield (
        f"{level}-government-{one.code}", f"{level}_government", name_zh, name_en, one.code, parent, *days,
        FROM_REGISTER, "inferred",
    )  # fmt: skip


def _prefecture_offices(one: Division) -> Iterator[tuple[str, ...]]:
    # An office outlives a change of name: one identity, by the name of today.
    code = subject_code(one.code)
    government = "ili-prefecture" if code == ILI else f"prefecture-government-{one.code}"
    short_en = one.name.en.removesuffix(" City")
    yield (
        f"prefecture-office-{code}", "prefecture_office", f"{one.name.zh}节能减排领导小组办公室",
        f"Leading-group office of {short_en}", code, government, "", "", OFFICE, "inferred",
    )  # fmt: skip
    yield (
        f"prefecture-supervision-{code}", "supervision_body", f"{one.name.zh}节能监察支队",
        f"Energy-saving supervision detachment of {short_en}", code, f"prefecture-office-{code}", "", "", BODY,
        "inferred",
    )  # fmt: skip


def _county_office(one: Division) -> Iterator[tuple[str, ...]]:
    code = subject_code(one.code)
    yield (
        f"county-office-{code}", "county_office", f"{one.name.zh}节能减排办公室",
        f"Energy-saving office of {one.name.en}",
        code, f"county-government-{one.code}", "", "", OFFICE, "inferred",
    )  # fmt: skip


if __name__ == "__main__":
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows())
