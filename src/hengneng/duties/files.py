"""Evidence as files: checked by their content, kept under their digest, given back unchanged."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from django.conf import settings

from hengneng.duties.policy import limit
from hengneng.language import Text, listed, message
from hengneng.problems import Problem, RefusedError

_TABLE = Path(__file__).with_name("media_types.csv")
_FOLDER = "evidence"
_MACROS = "vbaproject.bin"
_LONGEST_NAME = 200
_ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True)
class MediaType:
    """A kind of file that is taken: the ending of its name, and how its content begins or what it contains."""

    suffix: str
    media_type: str
    kind: str
    first_bytes: bytes
    contains: str


@dataclass(frozen=True)
class Checked:
    """A file that may be kept."""

    name: str
    content: bytes
    media_type: str
    digest: str


@cache
def media_types() -> tuple[MediaType, ...]:
    """The kinds of files that are taken."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            MediaType(row["suffix"], row["media_type"], row["kind"], bytes.fromhex(row["first_bytes"]), row["contains"])
            for row in csv.DictReader(file)
        )


def endings() -> Text:
    """The endings of names that are taken, for people."""
    return listed([one.suffix for one in media_types()])


def check(name: str, content: Iterable[bytes]) -> Checked:
    """Read a file that somebody sends, as far as it may be long. RefusedError: D030 too large, D031 empty, D032 kind
    of name, D033 content that is not what the name says, D034 an office document with macros or made to do harm.
    """
    plain = PurePosixPath(PureWindowsPath(name).name).name.strip()
    shown = "".join(sign for sign in plain if sign.isprintable())[-_LONGEST_NAME:] or "?"
    whole = _read(shown, content)
    suffix = PurePosixPath(shown).suffix.lower()
    kinds = [one for one in media_types() if one.suffix == suffix]
    if not kinds:
        raise RefusedError(Problem("D032", shown, {"name": shown, "expected": endings()}))
    found = kind_of(whole)
    if found != kinds[0].kind or (kinds[0].kind == "office" and not _is_office(whole, kinds[0], shown)):
        values = {"name": shown, "found": message(f"duties.content.{found}"), "suffix": suffix}
        raise RefusedError(Problem("D033", shown, values))
    return Checked(shown, whole, kinds[0].media_type, hashlib.sha256(whole).hexdigest())


def _read(name: str, content: Iterable[bytes]) -> bytes:
    most, parts, size = limit("bytes_of_a_file"), [], 0
    for part in content:
        size += len(part)
        if size > most:
            raise RefusedError(Problem("D030", name, {"name": name, "most": f"{most / 1e6:.0f}"}))
        parts.append(part)
    if not size:
        raise RefusedError(Problem("D031", name, {"name": name}))
    return b"".join(parts)


def kind_of(content: bytes) -> str:
    """What the content is: pdf, png, jpeg, office (any ZIP), markup (pages, drawings), text or unknown."""
    for one in media_types():
        if one.first_bytes and content.startswith(one.first_bytes):
            return one.kind
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(sign < " " and sign not in "\t\n\r\f" for sign in text):
            return "unknown"
        # A page or a drawing is text too, and may carry a script.
        return "markup" if text.lstrip().startswith("<") else "text"
    return "unknown"


def _is_office(content: bytes, kind: MediaType, name: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
    names = {part.filename.lower() for part in parts}
    harmful = (
        any(one.endswith(_MACROS) for one in names)
        or len(parts) > limit("parts_of_an_archive")
        or sum(part.file_size for part in parts) > limit("unpacked_bytes")
        or any(part.flag_bits & 1 for part in parts)
    )
    if harmful:
        raise RefusedError(Problem("D034", name, {"name": name}))
    return kind.contains in names and "[content_types].xml" in names


def path_of(digest: str) -> Path:
    """Where the bytes lie."""
    return Path(settings.HOME) / _FOLDER / digest[:2] / digest


def keep(checked: Checked) -> Path:
    """Write the bytes, once; the same content is kept once. OSError when the disk refuses."""
    path = path_of(checked.digest)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        with partial.open("wb") as file:
            file.write(checked.content)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o400)
        partial.replace(path)
    return path


def give_back(digest: str, name: str) -> bytes:
    """The bytes as they were kept. RefusedError D035 when they are gone or no longer what they were."""
    path = path_of(digest)
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise RefusedError(Problem("D035", name, {"name": name, "digest": digest[:12]}))
    return content
