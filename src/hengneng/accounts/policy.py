"""The policy of getting in, read from ``policy.toml``."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("policy.toml")


@dataclass(frozen=True)
class Policy:
    """Limits of passwords, links, sessions, attempts and tokens."""

    least_characters: int
    link: dt.timedelta
    idle: dt.timedelta
    longest_session: dt.timedelta
    refresh: dt.timedelta
    lockout_failures: int
    lockout_window: dt.timedelta
    lockout: dt.timedelta
    address_failures: int
    address_window: dt.timedelta
    totp_window: int
    longest_token: dt.timedelta


@cache
def policy() -> Policy:
    """The policy of this installation."""
    data = tomllib.loads(FILE.read_text("utf-8"))
    return Policy(
        least_characters=data["password"]["least_characters"],
        link=dt.timedelta(hours=data["link"]["hours"]),
        idle=dt.timedelta(minutes=data["session"]["idle_minutes"]),
        longest_session=dt.timedelta(hours=data["session"]["longest_hours"]),
        refresh=dt.timedelta(minutes=data["session"]["refresh_minutes"]),
        lockout_failures=data["lockout"]["failures"],
        lockout_window=dt.timedelta(minutes=data["lockout"]["window_minutes"]),
        lockout=dt.timedelta(minutes=data["lockout"]["minutes"]),
        address_failures=data["throttle"]["failures_per_address"],
        address_window=dt.timedelta(minutes=data["throttle"]["window_minutes"]),
        totp_window=data["totp"]["window_steps"],
        longest_token=dt.timedelta(days=data["token"]["longest_days"]),
    )
