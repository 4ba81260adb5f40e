"""Files from ``incoming/UNIT/``: taken once they grow no more, then moved to ``done/UNIT/`` or ``returned/UNIT/``.

The import commits first, the file is moved after: a file that was imported and not moved is imported again, which does
nothing. Good rows of a file are taken also when others are refused; those lie beside it in ``returned/``.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hengneng.access import Actor, Role
from hengneng.access.actors import Held
from hengneng.devices.knowing import KnownDevice
from hengneng.devices.models import Protocol
from hengneng.devices.noticing import Knock
from hengneng.durable.files import digest_of, give_name, make_folder, partial_of, sync_folder
from hengneng.gateways.book import Book
from hengneng.gateways.folder.limits import limit
from hengneng.gateways.journal import log
from hengneng.gateways.metrics import Metrics
from hengneng.language import LANGUAGES, Language
from hengneng.metering.importing import ImportedReadings, import_readings
from hengneng.problems import Problem, RefusedError
from hengneng.readings.store import Store

INCOMING, DONE, RETURNED = "incoming", "done", "returned"
# Files of programs that are still writing, locks of office programs, hidden files.
_NOT_YET = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
_HIDDEN = (".", "~$")
# No fault of the file: it is tried again later. Full disk, another compactor at work, no database.
_LATER = ("M005", "M008", "M012", "M015")
_DIGEST = 12  # characters of the SHA-256 that tell files of the same name apart
State = tuple[int, int, int]


@dataclass
class Watched:
    """A file that was seen: its state, since when it has it, and before when it is not tried again."""

    state: State
    since: float
    not_before: float = 0.0


class FolderDoor:
    """``only``: identifiers of the devices that are let in; empty: all."""

    def __init__(
        self,
        folder: Path,
        book: Book,
        store: Store,
        metrics: Metrics,
        language: Language,
        only: frozenset[str] = frozenset(),
    ) -> None:
        self.folder, self.language = folder, language
        self._book, self._store, self._metrics, self._only = book, store, metrics, only
        self._watched: dict[Path, Watched] = {}
        self._said: set[str] = set()

    def look(self, now: float) -> None:
        """One round over all units; ``now`` in seconds of any clock that only goes forward."""
        devices = self._devices()
        for name in devices:
            if Path(name).name == name:
                make_folder(self.folder / INCOMING / name)
        seen: set[Path] = set()
        for unit in _folders(self.folder / INCOMING):
            device = devices.get(unit.name)
            if device is None:
                self._stranger(unit)
                continue
            for file, state in _files(unit):
                seen.add(file)
                self._consider(device, file, state, now)
        self._watched = {file: one for file, one in self._watched.items() if file in seen}
        self._metrics.waiting.set(len(self._watched))

    def _devices(self) -> Mapping[str, KnownDevice]:
        """The device of each unit; the first by name where a unit has several."""
        every = sorted(self._book.devices.values(), key=lambda one: one.identifier, reverse=True)
        return {one.unit: one for one in every if not self._only or one.identifier in self._only}

    def _consider(self, device: KnownDevice, file: Path, state: State, now: float) -> None:
        watched = self._watched.get(file)
        if watched is None or watched.state != state:
            self._watched[file] = Watched(state, now)
            return
        if now - watched.since < limit("milliseconds_unchanged") / 1000 or now < watched.not_before:
            return
        try:
            self._take(device, file, state)
        except Exception as error:
            # Whatever it was: the file stays where it is, and the door stays open for the others.
            watched.not_before = now + limit("milliseconds_until_again") / 1000
            self._metrics.failures.inc()
            log("file.later", level="error", unit=device.unit, file=file.name, found=str(error))

    def _take(self, device: KnownDevice, file: Path, state: State) -> None:
        begun = time.perf_counter()
        back = self._make(RETURNED, device)
        name = _free_name(back, file)
        rows = back / f"{name}.returned.csv"
        try:
            if state[0] > limit("bytes_of_a_file"):
                values = {"found": state[0], "expected": limit("bytes_of_a_file")}
                raise RefusedError(Problem("G403", file.name, values))
            result = import_readings(self._store, file, _actor(device), self.language, returned_to=rows)
        except RefusedError as refused:
            if refused.problems[0].number in _LATER:
                raise
            if _state(file) != state:
                return  # it grew after all
            self._metrics.refused("file")
            _write(back / f"{name}.problems.txt", refused.problems)
            _move(file, back / name)
            log("file.returned", level="warning", unit=device.unit, file=file.name, found=str(refused))
            return
        if _state(file) != state:
            return
        self._metrics.bytes.inc(state[0])
        self._metrics.seconds.observe(time.perf_counter() - begun)
        self._settle(device, file, result, rows, back / name)

    def _settle(
        self, device: KnownDevice, file: Path, result: ImportedReadings, rows: Path, returned: Path
    ) -> None:
        """Move a file that was imported."""
        self._metrics.messages.inc()
        self._metrics.values.inc(result.points)
        self._metrics.refused("row", result.refused)
        if result.returned:
            _sync(rows)
            _move(file, returned)
        else:
            done = self._make(DONE, device)
            _move(file, done / _free_name(done, file))
        log(
            "file.taken",
            unit=device.unit,
            file=file.name,
            readings=result.points,
            refused=result.refused,
            known=result.known,
            arrival=result.arrival,
        )

    def _make(self, kind: str, device: KnownDevice) -> Path:
        folder = self.folder / kind / device.unit
        make_folder(folder)
        return folder

    def _stranger(self, unit: Path) -> None:
        """A folder of a unit that has no device here: left as it is, and said once."""
        files = [file.name for file, _ in _files(unit)]
        if not files or unit.name in self._said:
            return
        self._said.add(unit.name)
        problem = Problem("G402", f"{INCOMING}/{unit.name}", {"found": unit.name})
        log("unit.unknown", level="warning", check=problem.number, found=problem.text(self.language))
        sample = ", ".join(files).encode("utf-8", "replace")
        self._book.knock(Knock(Protocol.FOLDER, unit.name, "", datetime.now(UTC), sample))


def prepare(folder: Path) -> None:
    """The folders of the door. RefusedError G401 when they cannot be made or written to."""
    try:
        for kind in (INCOMING, DONE, RETURNED):
            make_folder(folder / kind)
            if not os.access(folder / kind, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(13, os.strerror(13))
    except OSError as error:
        values = {"found": error.strerror or str(error)}
        raise RefusedError(Problem("G401", str(folder), values)) from None


def _actor(device: KnownDevice) -> Actor:
    """Whoever drops files for a unit may report for its meters, and for no others."""
    held = Held(Role.ENERGY_USING_UNIT, device.unit_id, device.place)
    return Actor(None, f"{Protocol.FOLDER}:{device.identifier}", device.unit, (held,))


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink() and _shown(one.name))


def _shown(name: str) -> bool:
    return not name.startswith(_HIDDEN)


def _files(folder: Path) -> Iterator[tuple[Path, State]]:
    """Files that may be taken, in the order of their names. Links are not followed: they may lead anywhere."""
    for file in sorted(folder.iterdir()):
        if _shown(file.name) and not file.name.lower().endswith(_NOT_YET) and (state := _state(file)):
            yield file, state


def _state(file: Path) -> State | None:
    """Size, time of change and number of a regular file."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _free_name(folder: Path, file: Path) -> str:
    """The name of the file, with its digest where another file of that name lies in ``folder`` already."""
    there = folder / file.name
    if not there.exists():
        return file.name
    digest = digest_of(file)
    if there.is_file() and digest_of(there) == digest:
        return file.name
    return f"{file.stem}.{digest[:_DIGEST]}{file.suffix}"


def _write(target: Path, problems: Sequence[Problem]) -> None:
    """What is wrong with a file, in both languages."""
    lines = [f"[{one.number}] {one.where}: {one.text(language)}" for language in LANGUAGES for one in problems]
    partial_of(target).write_text("\n".join(lines) + "\n", "utf-8-sig")
    give_name(target)
    sync_folder(target.parent)


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
    sync_folder(file.parent)


def _move(file: Path, target: Path) -> None:
    """Move a file durably: first it is whole at its new place, then it is gone from the old one."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
    file.replace(target)
    sync_folder(target.parent)
    sync_folder(file.parent)
