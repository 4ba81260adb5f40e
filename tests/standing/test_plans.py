"""Plan editions in the database, read back as plans."""

from __future__ import annotations

import pytest

from hengneng.problems import RefusedError
from hengneng.registry.models import PlanEdition
from hengneng.standing.plans import plan_of

pytestmark = pytest.mark.django_db


def test_an_edition_of_another_format_is_named_and_not_read_as_something_else() -> None:
    stored = PlanEdition.objects.create(
        identifier="old", edition=1, digest="0" * 64, content={"head": {"format": "plan/0"}}, texts={}
    )
    with pytest.raises(RefusedError) as refused:
        plan_of(stored)
    assert [problem.number for problem in refused.value.problems] == ["L003"]
    assert "old" in refused.value.problems[0].text("en")
