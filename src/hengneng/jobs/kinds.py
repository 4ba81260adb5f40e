"""Kinds of jobs: a name, the function that does the work, and what somebody must be allowed to start one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from hengneng.access.table import Verb

Work = TypeVar("Work", bound=Callable[..., Any])
_KINDS: dict[str, JobKind] = {}


class UnknownKindError(LookupError):
    """There is no such kind of job."""


@dataclass(frozen=True)
class JobKind:
    """``function(progress, **parameters)`` does the work and returns JSON data, a :class:`Result`, or None.

    Wherever ``progress`` may raise, nothing may be left half-written. ``offered``: whether people may start it by name
    through the interface; others are started by the program. ``due``, asked by every worker from time to time, says
    that there is something to do, and the job is started; it must be cheap.
    """

    name: str
    function: Callable[..., Any]
    verb: Verb
    offered: bool
    due: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Result:
    """What a job has found (JSON data), and the address of the page where it is shown."""

    content: Any = None
    address: str = ""


def job_kind(
    name: str, verb: Verb = Verb.RUN_JOBS, offered: bool = False, due: Callable[[], bool] | None = None
) -> Callable[[Work], Work]:
    """Register a function as a kind of job. ValueError when another function has that name already."""

    def register(function: Work) -> Work:
        known = _KINDS.get(name)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"the kind of job {name!r} is {known.function.__qualname__} already")
        _KINDS[name] = JobKind(name, function, verb, offered, due)
        return function

    return register


def kinds() -> Mapping[str, JobKind]:
    """All kinds by name: each app registers its own in its module ``tasks``."""
    from django.utils.module_loading import autodiscover_modules

    autodiscover_modules("tasks")
    return _KINDS


def kind(name: str) -> JobKind:
    """The kind of that name. UnknownKindError."""
    found = _KINDS.get(name) or _of_its_room(name) or kinds().get(name)
    if found is None:
        raise UnknownKindError(name)
    return found


def _of_its_room(name: str) -> JobKind | None:
    """The kind, when the room that it is named after has registered it: other rooms load much to do their work."""
    from django.apps import apps
    from django.utils.module_loading import module_has_submodule

    room = apps.app_configs.get(name.partition(".")[0])
    if room is not None and module_has_submodule(room.module, "tasks"):
        import_module(f"{room.name}.tasks")
    return _KINDS.get(name)
