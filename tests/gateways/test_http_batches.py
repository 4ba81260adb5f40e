"""Batches of readings over HTTP: a real process, real answers, and nothing acknowledged is ever lost."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.doors import Answer, OpenDoor, opened, token_of
from support.homes import Home
from support.waiting import PATIENCE, wait_until

from hengneng.readings.reader import readings_of
from hengneng.readings.store import FOLDER, Store

DEVICES = (
    "protocol,identifier,unit,addresses\nhttp,logger,mill,\nhttp,oven,bakery,\nhttp,far,mill,10.9.8.7\n"
    "hj212,stack,mill,\n"
)
LINES = b'{"meter": "HS-E-01", "time": "2026-06-01T08:15:00+08:00", "value": 1024.5}\n'


ZONE_FIRST = 1_780_272_000  # 2026-06-01 00:00 UTC


def values(home: Home, meter: int = 1, all_revisions: bool = False) -> list[tuple[int, int]]:
    """Readings of a meter: seconds since 1970, micro-units."""
    with Store.open(home.folder / FOLDER, home.database_url) as store:
        found = readings_of(store, meter, 0, 2**40, all_revisions)
    return list(zip(found["at"].to_pylist(), found["value"].to_pylist(), strict=True))


def kept(home: Home) -> int:
    """Readings in the store, each copy counted."""
    with Store.open(home.folder / FOLDER, home.database_url) as store:
        status = store.status()
        return status.points + status.inbox_points


@pytest.fixture(scope="module")
def place(registered_home: Callable[[str], Home]) -> tuple[Home, str]:
    """A home with a register, and the token of ``logger``."""
    home = registered_home(DEVICES)
    return home, token_of(home, "http:logger")


@pytest.fixture(scope="module")
def door(place: tuple[Home, str]) -> Iterator[OpenDoor]:
    """One door for the tests that leave it as it was."""
    with opened(place[0], seconds_between_looks=0.5) as found:
        yield found


Send = Callable[..., Answer]


@pytest.fixture
def send(door: OpenDoor, place: tuple[Home, str]) -> Send:
    def send(body: bytes, kind: str = "application/x-ndjson", **headers: str) -> Answer:
        return door.post("/readings", body, Authorization=f"Bearer {place[1]}", Content_Type=kind, **headers)

    return send


def table(rows: int = 3, meter: str = "HS-E-02") -> pa.Table:
    return pa.table({"meter": [meter] * rows, "time": [f"2026-06-02T0{row}:00:00Z" for row in range(rows)],
                     "value": [float(row) for row in range(rows)]})  # fmt: skip


def parquet(content: pa.Table) -> bytes:
    with io.BytesIO() as file:
        pq.write_table(content, file)
        return file.getvalue()


def numbers(answer: Answer) -> list[tuple[int, str]]:
    return [(one["line"], one["check"]) for one in answer.json["problems"]]


def test_json_lines_are_taken_exactly(send: Send, place: tuple[Home, str]) -> None:
    body = LINES + b'\n{"meter": 2, "time": "2026-06-01 08:30:00", "value": 1234567890123.000001}\n'
    answer = send(body)
    assert (answer.status, answer.json["taken"], answer.json["refused"]) == (200, 2, 0)
    assert answer.json["arrival"] > 0
    assert values(place[0])[0] == (ZONE_FIRST + 900, 1_024_500_000)
    assert (ZONE_FIRST + 1800, 1_234_567_890_123_000_001) in values(place[0], 2)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv; charset=utf-8", b"meter,time,value\n2,2026-06-03T00:00:00Z,1.5\n2,2026-06-03T01:00:00Z,2\n"),
        ("application/vnd.apache.parquet", parquet(table(2))),
        ("application/x-ndjson", b'{"meter_id": "HS-E-02", "ts": "2026-06-04T00:00:00Z", "value": "1.5"}\n' * 2),
    ],
)  # fmt: skip
def test_each_kind_of_body_packed_or_not(send: Send, kind: str, body: bytes) -> None:
    plain = send(body, kind)
    assert (plain.status, plain.json["taken"]) == (200, 2), plain
    packed = send(gzip.compress(body[:10]) + gzip.compress(body[10:]), kind, Content_Encoding="gzip")
    assert (packed.status, packed.json["taken"]) == (200, 2), packed


def test_bad_readings_come_back_one_by_one_and_the_good_ones_are_taken(send: Send) -> None:
    bad = [
        b'{"meter": "BK-E-01", "time": "2026-06-01T08:15:00Z", "value": 1}',
        b'{"meter": "HS-E-01", "time": "yesterday", "value": 1}',
        b'{"meter": "HS-E-01", "time": "2026-06-01T08:15:00Z", "value": null}',
        b'{"meter": "HS-E-01", "time": "2026-06-01T08:15:00Z", "value": "1,5"}',
        b"not JSON",
        b'["HS-E-01"]',
        b'{"meter": {"x": 1}, "time": "2026-06-01T08:15:00Z", "value": 1}',
        b'{"meter": "HS-E-01\\ud800", "time": "2026-06-01T08:15:00Z", "value": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ]
    answer = send(LINES + b"\n".join(bad) + b"\n" + LINES)
    assert answer.status == 207
    assert (answer.json["taken"], answer.json["refused"]) == (2, 10)
    checks = dict(numbers(answer))
    assert [checks[line] for line in range(2, 12)] == [
        "E201", "E202", "E203", "E203", "G110", "G110", "G110", "G110", "G110", "G110",
    ]  # fmt: skip
    assert all(one["text"]["zh"] and one["text"]["en"] for one in answer.json["problems"])
    nothing = send(bad[0])
    assert (nothing.status, nothing.json["taken"], nothing.json["arrival"]) == (422, 0, None)


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status", "check"),
    [
        (LINES, "application/xml", {}, 415, "G103"),
        (LINES, "application/x-ndjson", {"Content_Encoding": "br"}, 415, "G104"),
        (b"x" * (8 * 1024 * 1024 + 1), "text/csv", {}, 413, "G105"),
        (gzip.compress(b"0" * (70 * 1024 * 1024)), "text/csv", {"Content_Encoding": "gzip"}, 413, "G106"),
        (LINES, "application/x-ndjson", {"Content_Encoding": "gzip"}, 400, "G107"),
        (gzip.compress(LINES)[:-9], "application/x-ndjson", {"Content_Encoding": "gzip"}, 400, "G107"),
        (b"", "application/x-ndjson", {}, 422, "G113"),
        (b"", "application/x-parquet", {}, 422, "E204"),
        (b"PAR1 and no more", "application/x-parquet", {}, 422, "E204"),
        (b"a,b\n1,2\n", "text/csv", {}, 422, "E001"),
        (LINES, "application/x-ndjson", {"Idempotency_Key": "k" * 201}, 400, "G111"),
    ],
)
def test_a_body_that_cannot_be_used_says_so(
    send: Send, body: bytes, kind: str, headers: dict[str, str], status: int, check: str
) -> None:
    answer = send(body, kind, **headers)
    assert (answer.status, answer.json["error"]["check"]) == (status, check)


def test_a_parquet_file_of_very_many_equal_rows_is_refused(send: Send) -> None:
    rows = 1_000_001
    many = pa.table({"meter": pa.array([1]).take(pa.array([0] * rows)), "time": ["2026-06-01T00:00:00Z"] * rows,
                     "value": pa.nulls(rows, pa.int64())})  # fmt: skip
    body = parquet(many)
    assert len(body) < 100_000
    assert send(body, "application/x-parquet").json["error"]["check"] == "G106"


def test_the_same_key_stores_once_and_another_body_under_it_is_refused(send: Send, place: tuple[Home, str]) -> None:
    body = b'{"meter": "HS-E-01", "time": "2026-07-01T00:00:00Z", "value": 7}\n'
    first, again = send(body, Idempotency_Key="lot-7"), send(body, Idempotency_Key="lot-7")
    assert first.json == again.json
    before = kept(place[0])
    other = send(body.replace(b"7}", b"8}"), Idempotency_Key="lot-7")
    assert (other.status, other.json["error"]["check"]) == (409, "M004")
    assert kept(place[0]) == before
    assert (1_782_864_000, 7_000_000) in values(place[0])


def test_who_may_not_send_is_turned_away(door: OpenDoor, place: tuple[Home, str]) -> None:
    home = place[0]
    for given in ({}, {"Authorization": "Bearer hd_wrong"}, {"Authorization": f"Basic {place[1]}"},
                  {"Authorization": "Bearer "}):  # fmt: skip
        answer = door.post("/readings", LINES, Content_Type="text/csv", **given)
        assert (answer.status, answer.json["error"]["check"]) == (401, "G101")
    far, stack = token_of(home, "http:far"), token_of(home, "hj212:stack")

    def answered() -> Answer:
        return door.post("/readings", LINES, Authorization=f"Bearer {far}")

    wait_until(lambda: answered().status != 401, "the new token to be known")
    answer = answered()
    assert (answer.status, answer.json["error"]["check"]) == (403, "G102")
    assert door.post("/readings", LINES, Authorization=f"Bearer {stack}").status == 401
    wait_until(lambda: "refused_address" in home.run("devices", "list", "--json").output, "the event")


def test_other_paths_and_methods_are_told(door: OpenDoor) -> None:
    assert door.post("/nothing", b"").json["error"]["check"] == "G114"
    connection = http.client.HTTPConnection("127.0.0.1", door.port)
    connection.request("GET", "/readings")
    found = connection.getresponse()
    assert (found.status, json.loads(found.read())["error"]["check"]) == (405, "G114")
    connection.close()


def test_figures_of_the_door(door: OpenDoor, send: Send) -> None:
    send(LINES)
    found = door.metrics()
    assert 'hengneng_messages_total{door="http"}' in found
    assert 'hengneng_refused_total{door="http",reason="G1' in found
    assert 'hengneng_waiting{door="http"}' in found


def test_what_was_accepted_is_finished_before_the_door_ends(registered_home: Callable[[str], Home]) -> None:
    home = registered_home(DEVICES)
    token = token_of(home, "http:logger")
    with opened(home) as door:
        connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
        connection.putrequest("POST", "/readings")
        for name, value in (("Authorization", f"Bearer {token}"), ("Content-Type", "application/x-ndjson"),
                            ("Content-Length", str(len(LINES)))):  # fmt: skip
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(LINES[:20])
        wait_until(lambda: 'hengneng_connections{door="http"} 1.0' in door.metrics(), "the beginning of the batch")
        ended = threading.Thread(target=door.stop, args=(signal.SIGTERM,))
        ended.start()
        wait_until(lambda: '"door.closing"' in door.log.read_text("utf-8"), "the door to close")
        connection.send(LINES[20:])
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["taken"]) == (200, 1)
        connection.close()
        ended.join(PATIENCE)
        assert door.process.returncode == 0
    assert len(values(home)) == 1
    said = [json.loads(line)["event"] for line in door.log.read_text("utf-8").splitlines() if line.startswith("{")]
    assert said == ["door.open", "door.closing", "door.closed"]


def _lot(number: int) -> bytes:
    rows = (
        {"meter": "HS-E-01", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ZONE_FIRST + number * 20 + row)),
         "value": number * 20 + row}
        for row in range(20)
    )  # fmt: skip
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_nothing_acknowledged_is_lost_when_the_door_is_killed(registered_home: Callable[[str], Home]) -> None:
    """Killed in mid-stream, three times; four clients send again with the same keys until they have an answer."""
    home = registered_home(DEVICES)
    token, clients, lots = token_of(home, "http:logger"), 4, 40
    acknowledged: set[int] = set()
    current: list[OpenDoor] = []
    done = threading.Event()

    def client(part: int) -> None:
        for number in range(part, lots, clients):
            while not done.is_set():
                try:
                    named = {"Content_Type": "application/jsonl", "Idempotency_Key": f"lot-{number}"}
                    answer = current[-1].post("/readings", _lot(number), Authorization=f"Bearer {token}", **named)
                except (OSError, http.client.HTTPException, ValueError, IndexError):
                    time.sleep(0.05)
                    continue
                if answer.status == 200:
                    acknowledged.add(number)
                    break
                time.sleep(0.05)
            time.sleep(0.02)

    threads = [threading.Thread(target=client, args=(part,)) for part in range(clients)]
    for round_ in range(4):
        with opened(home) as door:
            current.append(door)
            if not round_:
                for thread in threads:
                    thread.start()
            if round_ < 3:
                time.sleep(0.12)
                door.kill()
                stored = {at for at, _ in values(home)}
                for number in set(acknowledged):
                    assert {ZONE_FIRST + number * 20 + row for row in range(20)} <= stored
            else:
                for thread in threads:
                    thread.join(PATIENCE)
                done.set()
                assert door.stop() == 0
    assert acknowledged == set(range(lots))
    assert values(home) == [(ZONE_FIRST + n, n * 1_000_000) for n in range(lots * 20)]
    assert kept(home) == lots * 20, "sent again, and there once"
