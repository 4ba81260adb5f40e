"""How frames are read: numbers that the project has set or a document has given, with their reasons, as data."""

from __future__ import annotations

from hengneng.limits import Limits

limit: Limits[int] = Limits(__file__)
