"""Cases that the tests share: frames of our own folder, and more where the shared folder lies beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.missing import cannot

OWN = Path(__file__).parents[1] / "truth" / "hj212" / "frames.json"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "hj212"


def own_frames() -> list[dict[str, Any]]:
    """Published cases."""
    cases: list[dict[str, Any]] = json.loads(OWN.read_text("utf-8"))
    return cases


def shared(name: str) -> list[dict[str, Any]]:
    """Cases of the shared folder; the test ends with a reason where it is not there."""
    file = SHARED / name
    if not file.is_file():
        cannot(f"no {file}: the larger set of frames lies beside the project, not in it")
    cases: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    return cases
