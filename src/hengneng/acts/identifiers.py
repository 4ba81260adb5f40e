"""Ids of acts."""

from __future__ import annotations

import uuid


def new_act_id() -> str:
    """A new id: 32 hexadecimal digits, the same on the log and on every row that the act has made."""
    return uuid.uuid4().hex
