"""The data folder, its key, and the floors of the house."""

from __future__ import annotations

import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hengneng.home import home_folder, secret_key

PROJECT = Path(__file__).parents[1]


def test_the_named_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = home_folder({"HENGNENG_HOME": str(tmp_path / "a" / "b")})
    assert folder == (tmp_path / "a" / "b").resolve()
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o077 == 0


def test_a_tilde_is_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_folder({"HENGNENG_HOME": "~/data"}) == tmp_path.resolve() / "data"


def test_without_a_name_a_checkout_keeps_its_data_beside_the_source() -> None:
    assert home_folder({}) == PROJECT / "var"


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    key = secret_key(tmp_path)
    assert len(key) >= 64
    assert secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["secret_key"]


def test_two_homes_have_two_keys(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    assert secret_key(folders[0]) != secret_key(folders[1])


def test_a_key_that_another_process_made_meanwhile_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(_: object, target: Path) -> None:
        Path(target).write_text("made meanwhile", "ascii")
        raise FileExistsError

    monkeypatch.setattr(os, "link", link)
    assert secret_key(tmp_path) == "made meanwhile"


def test_many_readers_at_once_see_one_key(tmp_path: Path) -> None:
    secret_key(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: secret_key(tmp_path), range(32)))) == 1


# The floors: what may import what is checked by `make check`; that it is laid down is checked here.


def contracts() -> list[dict[str, object]]:
    """The contracts of the import linter."""
    found: list[dict[str, object]] = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    return found


def test_the_ground_floor_may_not_import_django_or_an_app() -> None:
    forbidden = next(one for one in contracts() if one["type"] == "forbidden")
    assert {"hengneng.rules", "hengneng.plans", "hengneng.formulas", "hengneng.evaluation"} <= set(
        forbidden["source_modules"]  # type: ignore[call-overload]
    )
    assert "django" in forbidden["forbidden_modules"]  # type: ignore[operator]


def test_every_room_has_its_floor() -> None:
    layers = next(one for one in contracts() if one["type"] == "layers")
    placed = {room.strip() for layer in layers["layers"] for room in layer.split("|")}  # type: ignore[attr-defined]
    rooms = {
        path.stem
        for path in (PROJECT / "src" / "hengneng").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert rooms <= placed
    assert layers["exhaustive"] is True
