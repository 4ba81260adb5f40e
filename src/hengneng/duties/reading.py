"""Reading duties: the readers that pages, interface and commands use. Each is limited to what the actor may see."""

from hengneng.duties.detail import Detail, detail
from hengneng.duties.lists import (
    SORTS,
    Asked,
    DutyShown,
    Entry,
    Matrix,
    calendar,
    duties_at,
    duties_of_plan,
    matrix,
    overdue_since,
)
from hengneng.duties.needs import Need, needs, reports_to_review
from hengneng.duties.scope import duties_seen, duty_seen, evidence_seen, refuse_unseen

__all__ = [
    "SORTS",
    "Asked",
    "Detail",
    "DutyShown",
    "Entry",
    "Matrix",
    "Need",
    "calendar",
    "detail",
    "duties_at",
    "duties_of_plan",
    "duties_seen",
    "duty_seen",
    "evidence_seen",
    "matrix",
    "needs",
    "overdue_since",
    "refuse_unseen",
    "reports_to_review",
]
