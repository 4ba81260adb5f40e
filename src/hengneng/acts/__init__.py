"""The log of acts: who did what, on what and why, as a chain that shows every change made behind its back."""

from typing import TYPE_CHECKING

from hengneng.acts.identifiers import new_act_id

if TYPE_CHECKING:
    from hengneng.acts.recording import record

__all__ = ["new_act_id", "record"]


def __getattr__(name: str) -> object:
    # Models can be imported only once Django is set up; `from hengneng.acts import record` must work before.
    if name == "record":
        from hengneng.acts.recording import record

        return record
    raise AttributeError(name)
