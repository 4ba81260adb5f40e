"""How jobs are watched: numbers that the project has set, with their reasons, as data."""

from __future__ import annotations

from hengneng.limits import Limits

limit: Limits[float] = Limits(__file__)
