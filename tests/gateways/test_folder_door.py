"""The folder door: files taken once they grow no more, moved after the commit, killed at any moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.brokers import Program
from support.doors import METERS, UNITS
from support.homes import Home
from support.ports import free_port
from support.waiting import wait_until

from hengneng.devices.knowing import known_devices
from hengneng.devices.models import Protocol
from hengneng.devices.register import import_devices
from hengneng.gateways.book import Book
from hengneng.gateways.folder import door as doors
from hengneng.gateways.folder.door import FolderDoor, prepare
from hengneng.gateways.folder.limits import limit
from hengneng.gateways.folder.opening import _alone
from hengneng.gateways.metrics import Metrics
from hengneng.metering.models import Meter, ReadingsImport
from hengneng.metering.register import import_meters
from hengneng.problems import Problem, RefusedError
from hengneng.readings.points import Points
from hengneng.readings.reader import readings_of
from hengneng.readings.store import Store

DEVICES = "protocol,identifier,unit\nfolder,mill-books,mill\nfolder,bakery-books,bakery\n"
GOOD = "日期,HS-E-01,HS-E-02\n2026-06-01,1,2\n2026-06-02,3,－\n"
QUIET = limit("milliseconds_unchanged") / 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    prepare(folder)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "readings") as opened:
        yield opened


@pytest.fixture
def door(db: None, tmp_path: Path, folder: Path, store: Store) -> FolderDoor:
    for name, text in (("units.csv", UNITS), ("meters.csv", METERS), ("devices.csv", DEVICES)):
        (tmp_path / name).write_text(text, "utf-8")
    import_meters(tmp_path / "meters.csv", tmp_path / "units.csv")
    import_devices(tmp_path / "devices.csv")
    book = Book(Protocol.FOLDER)
    book.devices = known_devices(Protocol.FOLDER)
    opened = FolderDoor(folder, book, store, Metrics("folder"), "zh")
    opened.look(0)
    return opened


def drop(folder: Path, name: str, text: str | bytes, unit: str = "mill") -> Path:
    file = folder / "incoming" / unit / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def names(folder: Path, kind: str, unit: str = "mill") -> list[str]:
    there = folder / kind / unit
    return sorted(file.name for file in there.iterdir()) if there.exists() else []


def settle(door: FolderDoor, now: float = 100) -> None:
    door.look(now)
    door.look(now + QUIET)


def count(store: Store) -> int:
    numbers = Meter.objects.values_list("number", flat=True)
    return sum(len(readings_of(store, number, 0, 2**40)) for number in numbers)


def test_a_good_book_is_done(door: FolderDoor, folder: Path, store: Store) -> None:
    drop(folder, "六月.csv", GOOD)
    settle(door)
    assert (names(folder, "incoming"), names(folder, "done"), names(folder, "returned")) == ([], ["六月.csv"], [])
    assert count(store) == 3
    assert ReadingsImport.objects.get().imported_by == "folder:mill-books"


def test_a_file_that_grows_is_left(door: FolderDoor, folder: Path, store: Store) -> None:
    file = drop(folder, "a.csv", GOOD[:40])
    for now in range(20):
        file.write_bytes(file.read_bytes() + b" ")
        door.look(100 + now)
    assert names(folder, "incoming") == ["a.csv"]
    file.write_text(GOOD, "utf-8")
    settle(door, 200)
    assert names(folder, "done") == ["a.csv"]
    assert count(store) == 3


@pytest.mark.parametrize("name", ["~$a.xlsx", ".a.csv", "a.csv.part", "a.csv.TMP"])
def test_files_of_programs_that_still_write_are_left(door: FolderDoor, folder: Path, name: str) -> None:
    drop(folder, name, GOOD)
    settle(door)
    assert names(folder, "incoming") == [name]


def test_links_and_folders_are_left(door: FolderDoor, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a secret\n", "utf-8")
    (folder / "incoming" / "mill" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "incoming" / "mill" / "inner").mkdir()
    (folder / "incoming" / "linked").symlink_to(tmp_path)
    settle(door)
    assert names(folder, "incoming") == ["inner", "link.csv"]


def test_good_rows_are_taken_and_the_others_lie_beside_the_file(door: FolderDoor, folder: Path, store: Store) -> None:
    # A unit reports for its own meters: the one of the bakery is as unknown as one that is nowhere.
    drop(folder, "a.csv", "日期,HS-E-01,BK-E-01\n2026-06-01,1,2\n2026-06-02,x,\n")
    settle(door)
    assert names(folder, "returned") == ["a.csv", "a.csv.returned.csv"]
    back = (folder / "returned" / "mill" / "a.csv.returned.csv").read_text("utf-8-sig")
    assert "E201" in back
    assert "E203" in back
    assert count(store) == 1
    # The same name with another content does not take the place of what lies there.
    drop(folder, "a.csv", "日期,HS-E-01\n2026-06-02,y\n")
    settle(door, 300)
    assert len(names(folder, "returned")) == 4
    assert "E201" in (folder / "returned" / "mill" / "a.csv.returned.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [("a.xlsx", b"PK\x03\x04 and no more", "E204"), ("a.csv", b"", "E001"), ("a.pdf", b"%PDF\x00", "F001"),
     ("a.csv", b"when,what\n1,2\n", "E001")],
)  # fmt: skip
def test_what_cannot_be_read_comes_back_with_a_text(
    door: FolderDoor, folder: Path, name: str, content: bytes, number: str
) -> None:
    drop(folder, name, content)
    drop(folder, "good.csv", GOOD)
    settle(door)
    assert names(folder, "returned") == [name, f"{name}.problems.txt"]
    text = (folder / "returned" / "mill" / f"{name}.problems.txt").read_text("utf-8-sig")
    assert text.count(f"[{number}]") == 2, "in both languages"
    assert names(folder, "done") == ["good.csv"]


def test_a_file_that_is_too_large_comes_back(
    door: FolderDoor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "limit", lambda name: 10 if name == "bytes_of_a_file" else limit(name))
    drop(folder, "a.csv", GOOD)
    settle(door)
    assert "G403" in (folder / "returned" / "mill" / "a.csv.problems.txt").read_text("utf-8-sig")


def test_the_same_file_again_does_nothing(door: FolderDoor, folder: Path, store: Store) -> None:
    for round_ in range(2):
        drop(folder, "a.csv", GOOD)
        settle(door, 100 * (round_ + 1))
    assert names(folder, "done") == ["a.csv"]
    assert (count(store), ReadingsImport.objects.count()) == (3, 1)


def test_a_crash_between_commit_and_move_does_no_harm(
    door: FolderDoor, folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "a.csv", GOOD)

    def crash(*_: object) -> None:
        raise OSError("no power")

    with monkeypatch.context() as patch:
        patch.setattr(doors, "_move", crash)
        settle(door)
    assert names(folder, "incoming") == ["a.csv"]
    assert count(store) == 3
    settle(door, 200)
    assert names(folder, "done") == ["a.csv"]
    assert (count(store), ReadingsImport.objects.count()) == (3, 1)


def test_a_disk_that_fails_leaves_the_file_for_later(
    door: FolderDoor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "a.csv", GOOD)

    def full(*_: object, **__: object) -> None:
        raise RefusedError(Problem("M005", "x", dict.fromkeys(("found", "expected", "folder"), "x")))

    with monkeypatch.context() as patch:
        patch.setattr(doors, "import_readings", full)
        settle(door)
    door.look(100 + QUIET + 1)
    assert names(folder, "incoming") == ["a.csv"]
    door.look(100 + QUIET + limit("milliseconds_until_again") / 1000)
    assert names(folder, "done") == ["a.csv"]


def test_a_folder_of_nobody_is_left_and_said_once(
    door: FolderDoor, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(folder, "a.csv", GOOD, "nowhere")
    settle(door)
    assert names(folder, "incoming", "nowhere") == ["a.csv"]
    assert capsys.readouterr().err.count("G402") == 1


def test_only_the_devices_that_are_named(door: FolderDoor, folder: Path) -> None:
    door._only = frozenset({"bakery-books"})
    drop(folder, "a.csv", GOOD)
    drop(folder, "a.csv", "日期,BK-E-01\n2026-06-01,1\n", "bakery")
    settle(door)
    assert names(folder, "incoming") == ["a.csv"]
    assert names(folder, "done", "bakery") == ["a.csv"]


def test_one_door_looks_after_a_folder(folder: Path) -> None:
    with _alone(folder), pytest.raises(RefusedError, match="G405"), _alone(folder):
        pass


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="G401"):
        prepare(tmp_path / "file")


def test_killed_at_any_moment_every_book_is_taken_once(registered_home: Callable[[str], Home]) -> None:
    home = registered_home(DEVICES + "http,other,mill\n")
    refused = home.run("gateway", "folder", home.folder / "books", "--device", "http:other")
    assert refused.code == 1
    assert "G404" in refused.errors
    folder, chance = home.folder / "books", random.Random(7)
    rounds, books = 5, 6
    words = ("folder", folder, "--device", "mill-books", "--metrics-port", free_port())
    # Files are taken sooner than a clerk's are, and killed in the midst of them as often.
    quiet = 0.5
    limits = {"milliseconds_unchanged": 1000 * quiet, "milliseconds_between_looks": 100}
    running = Program(home, *words, limits=limits)
    for number in range(rounds * books):
        second = "x" if number % 3 else 1
        text = f"日期,HS-E-01,HS-E-02\n2026-06-01 00:00:{number:02d},{number},{number}\n2026-06-02,{second},\n"
        drop(folder, f"{number:02d}.csv", text)
        if number % books == books - 1:
            wait_until(lambda: (folder / "done" / "mill").exists() or (folder / "returned" / "mill").exists(), "a move")
            time.sleep(quiet + chance.random())
            running.kill()
            running = Program(home, *words, limits=limits)
    wait_until(lambda: not names(folder, "incoming"), "the folder to be empty")
    assert running.stop() == 0
    moved = [name for kind in ("done", "returned") for name in names(folder, kind) if name.count(".") == 1]
    assert sorted(moved) == [f"{number:02d}.csv" for number in range(rounds * books)]
    with Store.open(home.folder / "readings", home.database_url) as store:
        found = {number: readings_of(store, number, 0, 2**40) for number in _numbers(store)}
    assert sorted(len(table) for table in found.values()) == [rounds * books, rounds * books + 1]


def _numbers(store: Store) -> set[int]:
    manifest = store.manifest()
    points = Points.concat([batch.points for batch in manifest.inbox])
    import pyarrow.parquet as pq

    files = [store.folder / file.name for day in manifest.files.values() for file in day]
    return set(points.meter.tolist()).union(*(pq.read_table(file)["meter"].to_pylist() for file in files))
