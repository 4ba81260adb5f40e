"""Numbers of this room that the project has set, with their reasons, as data."""

from __future__ import annotations

from hengneng.limits import Limits

limit: Limits[int] = Limits(__file__)
