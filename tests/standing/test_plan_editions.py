"""Plans in the database: an edition is what was loaded, whichever program reads it later."""

from __future__ import annotations

import pytest

from hengneng.problems import RefusedError
from hengneng.registry.models import PlanEdition
from hengneng.standing.plans import current_edition, plan_of


def test_an_edition_gives_back_the_plan_that_was_loaded(edition: PlanEdition) -> None:
    plan = plan_of(edition)
    assert (plan.id, plan.digest) == ("qinghai-2019", edition.digest)


def test_the_newest_edition_is_the_current_one(edition: PlanEdition) -> None:
    content = {**edition.content, "head": {**edition.content["head"], "edition": 2}}
    newer = PlanEdition.objects.create(
        identifier="qinghai-2019", edition=2, digest="2" * 64, content=content, texts=edition.texts
    )
    assert current_edition("qinghai-2019") == newer


def test_an_edition_of_another_format_is_a_numbered_problem(edition: PlanEdition) -> None:
    old = PlanEdition.objects.create(
        identifier="old", edition=1, digest="1" * 64, content={**edition.content, "of_old": 1}, texts={}
    )
    with pytest.raises(RefusedError) as caught:
        plan_of(old)
    assert [problem.number for problem in caught.value.problems] == ["L003"]
