"""The one folder that holds all data of an installation: database, readings, evidence, published issues."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "HENGNENG_HOME"


def home_folder(environment: Mapping[str, str] | None = None) -> Path:
    """The data folder: ``HENGNENG_HOME``; else ``var`` beside the source of a checkout; else in the user's data folder.

    The folder is made when it is missing, readable by its owner only.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(HOME_VARIABLE)
    checkout = Path(__file__).resolve().parents[2]
    if named:
        folder = Path(named).expanduser().resolve()
    elif (checkout / "pyproject.toml").is_file():
        folder = checkout / "var"
    else:
        folder = Path.home() / ".local" / "share" / "hengneng"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def secret_key(folder: Path) -> str:
    """The signing key of this installation; made at random on first use and kept in the data folder."""
    file = folder / "secret_key"
    if not file.exists():
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(secrets.token_urlsafe(64), "ascii")
        partial.chmod(0o600)
        try:
            os.link(partial, file)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return file.read_text("ascii")
