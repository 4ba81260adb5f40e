"""Work that takes longer than a page may: jobs with progress, which can be cancelled, done by a worker process."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hengneng.jobs.kinds import Result, job_kind
    from hengneng.jobs.progress import CancelledError, Progress
    from hengneng.jobs.starting import ask_to_cancel, start, start_again, start_following

__all__ = [
    "CancelledError",
    "Progress",
    "Result",
    "ask_to_cancel",
    "job_kind",
    "start",
    "start_again",
    "start_following",
]

_MODULES = {"Result": "kinds", "job_kind": "kinds", "CancelledError": "progress", "Progress": "progress"}


def __getattr__(name: str) -> Any:
    # Models can be imported only once Django is set up; Django imports this package before.
    if name in __all__:
        return getattr(import_module(f"hengneng.jobs.{_MODULES.get(name, 'starting')}"), name)
    raise AttributeError(name)
