"""A plan with as many places as wanted: made up, judged once for real and then varied, to see what pages cost."""

from __future__ import annotations

import copy
import random
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hengneng.registry.models import PlanEdition

PLANS = Path(__file__).resolve().parents[2] / "plans"
YEARS = ("2012", "2013", "2014")
LIKE = "650100"
BATCH = 500
_registered: list[str] = []


def load_model() -> PlanEdition:
    """The plan that synthetic ones are varied from, with its example facts: the one that is there, or loaded now."""
    from hengneng.facts.intake.recording import Intake, import_file
    from hengneng.registry.models import PlanEdition
    from hengneng.rules.divisions import subject_code
    from hengneng.standing.plans import current_edition, load_plan_folder, plan_of

    with suppress(PlanEdition.DoesNotExist):
        return current_edition("xinjiang-2015")
    folder = PLANS / "xinjiang-2015"
    edition = load_plan_folder(folder).edition
    subjects = frozenset(subject_code(place.code) for place in plan_of(edition).places)
    intake = Intake(
        recorded_by="synthetic", language="zh", plan=edition.identifier, plan_subjects=subjects, example=True
    )
    assert not import_file(folder / "facts.example.csv", intake).refused
    return edition


def synthetic_plan(model: PlanEdition, places: int, publish: bool = True) -> PlanEdition:
    """A plan of one indicator with so many places, judged for three years, the last of them published."""
    from hengneng.access import terminal_actor
    from hengneng.periods import Period
    from hengneng.registry.models import PlanEdition
    from hengneng.standing.computing import ensure_computed, newest_fact
    from hengneng.standing.models import ComputedPeriod, KnownFacts, Run, StoredVerdict
    from hengneng.standing.publishing import publish as make_public
    from hengneng.standing.rows import project

    for year in YEARS:
        ensure_computed(model, Period.parse(year))
    codes = [f"{places:06d}-{at:06d}" for at in range(places)]
    register_places(codes)
    content = copy.deepcopy(model.content)
    identifier = f"synthetic-{places}"
    target = next(one for one in content["targets"] if one["id"] == "intensity-13")
    target["places"] = codes
    content["head"]["id"] = identifier
    content["places"] = [{"code": code, "name": f"第{at}地", "role": "assessed"} for at, code in enumerate(codes)]
    content.update(targets=[target], observations=[], tasks=[], rules=[], waived_numbers=[])
    content["indicators"] = [one for one in content["indicators"] if one["id"] == target["indicator"]]
    edition = PlanEdition.objects.create(
        identifier=identifier, edition=1, digest=f"{places:064d}", content=content, texts=model.texts
    )
    run = Run.objects.create(plan=edition, reason="synthetic", program_version="0", started_at="2026-01-01T00:00:00Z")
    chance = random.Random(places)
    for year in YEARS:
        like = StoredVerdict.objects.get(run__plan=model, target="intensity-13", place=LIKE, period=year)
        verdicts = [
            StoredVerdict(
                run=run, plan_identifier=identifier, target="intensity-13", place_id=code, period=year,
                level=varied["verdict"], content=varied,
            )
            for code in codes
            for varied in [_varied(like.content, identifier, code, chance)]
        ]  # fmt: skip
        project(edition, StoredVerdict.objects.bulk_create(verdicts, batch_size=BATCH))
        ComputedPeriod.objects.create(plan=edition, period=year, period_end=f"{year}-12-31")
    KnownFacts.objects.create(plan=edition, newest_fact=newest_fact())
    if publish:
        make_public(terminal_actor(), edition, Period.parse(YEARS[-1]))
    return edition


def register_places(codes: list[str]) -> None:
    """Places within Xinjiang that no table knows, in the register of this process and in the database."""
    from hengneng.language import Text
    from hengneng.registry.models import Ancestry, Place, PlaceVersion
    from hengneng.rules.divisions import Division, division, register

    entry = division(LIKE).entry
    for at, code in enumerate(codes):
        one = Division(
            code, "prefecture", "650000", Text(zh=f"第{at}地", en=f"Place {at}"), (), "", (), None, None, entry
        )
        register().by_code[code] = one
        register().successors[code] = [one]
    _registered.extend(codes)
    Place.objects.bulk_create([Place(code=code) for code in codes], batch_size=BATCH, ignore_conflicts=True)
    PlaceVersion.objects.bulk_create(
        [
            PlaceVersion(
                place_id=code, code=code, name_zh=f"第{at}地", name_en=f"Place {at}", level="prefecture",
                parent_id="650000", source="synthetic", confidence="sourced",
            )
            for at, code in enumerate(codes)
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )  # fmt: skip
    Ancestry.objects.bulk_create(
        [
            Ancestry(ancestor_id=above, descendant_id=code, distance=distance)
            for code in codes
            for above, distance in ((code, 0), ("650000", 1), ("100000", 2))
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def forget_places() -> None:
    """Take the made-up places out of the register of this process again."""
    from hengneng.rules.divisions import register

    for code in _registered:
        register().by_code.pop(code, None)
        register().successors.pop(code, None)
    _registered.clear()


def _varied(like: dict[str, Any], plan: str, place: str, chance: random.Random) -> dict[str, Any]:
    content = copy.deepcopy(like)
    figures = content["figures"]
    achieved = figures["cumulative"]["value"] * chance.uniform(0.2, 1.4)
    figures["cumulative"]["value"] = achieved
    figures["progress"]["value"] *= chance.uniform(0.2, 1.4)
    behind = achieved < figures["scheduled"]["value"]
    content.update(plan=plan, place=place, verdict="behind" if behind else "on_track")
    return content
