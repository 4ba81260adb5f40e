"""What is noticed while devices send, at given times: clocks, silence, addresses."""

from __future__ import annotations

import datetime as dt

import pytest
from support.hj212_doors import MN, known, qn, said

from hengneng.devices.models import Protocol
from hengneng.gateways.book import Book
from hengneng.gateways.hj212.watching import Watch
from hengneng.gateways.limits import limit
from hengneng.hj212 import Frame, parse_frame

NOW = dt.datetime(2026, 11, 28, 4, tzinfo=dt.UTC)
AT = NOW.timestamp()


@pytest.fixture
def book() -> Book:
    made = Book(Protocol.HJ212)
    made.devices = {MN: known()}
    return made


def sent(off: float = 0.0, cn: str = "2011", extra: tuple[tuple[str, str], ...] = ()) -> Frame:
    """A frame by a clock that is off by so many seconds."""
    return parse_frame(said(qn(at=NOW + dt.timedelta(seconds=off)), cn=cn, extra=extra).frame())


def events(book: Book) -> list[tuple[str, float, str]]:
    return [(str(one.kind), one.at.timestamp() - AT, one.found) for one in book._events]


@pytest.mark.parametrize(
    ("off", "kinds"),
    [
        (0, []), (60, []), (-60, []), (61, ["clock_off"]), (-61, ["clock_off"]), (-7200, ["regional_time"]),
        (-7140, ["regional_time"]), (-7261, ["clock_off"]), (7200, ["clock_off"]), (-3600, ["clock_off"]),
    ],
)  # fmt: skip
def test_a_clock_is_off_or_shows_the_time_of_xinjiang(book: Book, off: int, kinds: list[str]) -> None:
    Watch(book).frame(known(), "10.0.0.1", sent(off), AT)
    assert [kind for kind, _, _ in events(book)] == ["connected", *kinds]
    if kinds:
        assert events(book)[1][2] == f"{off:+d} s"


@pytest.mark.parametrize("frame", [sent(-7200, cn="2061"), sent(-7200, extra=(("RF", "1"),))])
def test_history_and_what_is_sent_again_say_nothing_about_the_clock(book: Book, frame: Frame) -> None:
    Watch(book).frame(known(), "10.0.0.1", frame, AT)
    assert [kind for kind, _, _ in events(book)] == ["connected"]


def test_without_a_number_the_time_of_the_values_counts(book: Book) -> None:
    Watch(book).frame(known(), "10.0.0.1", parse_frame(said(None, "2005").frame()), AT)
    assert [kind for kind, _, _ in events(book)] == ["connected", "clock_off"]


def test_the_same_again_is_said_once_an_hour(book: Book) -> None:
    watch, hour = Watch(book), limit("seconds_between_same_events")
    for later in (0, 60, hour - 1, hour, hour + 60):
        watch.frame(known(interval=3600), "10.0.0.1", sent(later - 120), AT + later)
    assert [(kind, at) for kind, at, _ in events(book)] == [("connected", 0), ("clock_off", 0), ("clock_off", hour)]


@pytest.mark.parametrize(("interval", "silence"), [(60, 150), (None, 1230)])
def test_who_is_silent_for_two_intervals_and_a_little_is_off_line_and_may_come_back(
    book: Book, interval: int | None, silence: int
) -> None:
    watch, device = Watch(book), known(interval=interval)
    watch.frame(device, "10.0.0.1", sent(), AT)
    watch.look(AT + silence)
    assert watch.online == 1
    watch.look(AT + silence + 1)
    watch.look(AT + silence + 2)
    assert watch.online == 0
    later = silence + 100
    watch.frame(device, "10.0.0.2", sent(later), AT + later)
    assert events(book) == [
        ("connected", 0, ""), ("offline", silence + 1, f"{silence + 1} s"), ("connected", later, ""),
    ]  # fmt: skip
    assert book._events[1].address == "10.0.0.1"


def test_who_was_on_line_before_the_door_was_opened_and_does_not_come_back_is_off_line(book: Book) -> None:
    book.on_line = {MN: "10.0.0.1", "no longer registered": "10.0.0.2"}
    watch = Watch(book)
    assert watch.online == 1
    now = dt.datetime.now(dt.UTC).timestamp()
    watch.look(now + 100)
    assert book._events == []
    watch.look(now + 160)
    assert [(str(one.kind), one.address) for one in book._events] == [("offline", "10.0.0.1")]


def test_what_is_remembered_of_a_device_is_bounded(book: Book) -> None:
    watch = Watch(book)
    for number in range(300):
        watch.frame(known(), f"10.0.{number // 250}.{number % 250}", sent(number), AT + number)
    assert len(watch._seen[MN].said) <= limit("events_remembered")
