"""The statements that find the flags of a day, as SQL for DuckDB and for Spark alike.

They read the tables that the roll-up leaves for a day: ``pairs``, ``hours``, ``days``, ``meters``. A finding has the
columns meter, rule, since, until, found, bound. Whatever looks at very many rows works in binary floating point, as a
sieve that lets every true finding and few others through; what comes through is judged in whole numbers. Planning a
large statement costs more than running it on a day, so each is small, and most are run only when their sieve, smaller
still, has found something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from hengneng.readings.validation.rules import Rules

SECONDS_OF_AN_HOUR = 3600
_ROLLOVER, _RESET = 1, 2  # column ``how`` of ``pairs``
# The sieve lets through what comes this near to a limit; the error of floating point is far smaller.
_NEAR = Fraction(999_999, 1_000_000)


@dataclass(frozen=True)
class Dialect:
    """What the two engines write differently: integers wider than 64 bits, and whole division."""

    wide: str
    divide: str


DUCKDB = Dialect(wide="HUGEINT", divide="//")
SPARK = Dialect(wide="DECIMAL(38, 0)", divide="DIV")


@dataclass(frozen=True)
class Step:
    """``find`` gives findings. It can find something only if ``sieve``, where there is one, gives a row."""

    find: str
    sieve: str | None = None


@dataclass(frozen=True)
class Day:
    """What a statement needs: the day in seconds UTC, the numbers in force, the dialect."""

    start: int
    end: int
    numbers: Mapping[str, Fraction | int]
    dialect: Dialect

    def number(self, name: str) -> Fraction:
        """The number ``name``, exact."""
        return Fraction(self.numbers[name])

    def wide(self, column: str) -> str:
        """``column`` as an integer that holds products of two 64-bit integers."""
        return f"CAST({column} AS {self.dialect.wide})"

    def times(self, column: str, factor: Fraction) -> str:
        """The whole part of ``column``, not negative, times ``factor``, as 64 bits."""
        return f"CAST(({self.wide(column)} * {factor.numerator}) {self.dialect.divide} {factor.denominator} AS BIGINT)"

    def finding(
        self, rule: str, found: str, bound: str, *, meter: str = "meter", since: str = "", until: str = ""
    ) -> str:
        """SELECT of the columns of a finding; by default it is about the whole day."""
        return (
            f"SELECT {meter} AS meter, '{rule}' AS rule, CAST({since or self.start} AS BIGINT) AS since, "
            f"CAST({until or self.end} AS BIGINT) AS until, CAST({found} AS BIGINT) AS found, "
            f"CAST({bound} AS BIGINT) AS bound"
        )


def steps(rules: Rules, day_start: int, day_end: int, dialect: Dialect = DUCKDB) -> Iterator[Step]:
    """The statements for the day from ``day_start`` to ``day_end`` (seconds UTC), for the rules that are in force."""
    day = Day(day_start, day_end, rules.flags, dialect)
    in_force = rules.flags.keys()
    if "V3.factor" in in_force:
        yield _gap(day)
    yield from _rare_intervals(day)
    if "V6.allowance" in in_force:
        yield _over_capacity(day)
    if "V7.share" in in_force:
        yield _spike(day)
    yield from _standstill(day)
    if {"V13.low", "V13.high"} <= in_force:
        yield _submeters(day)
    if "V17.verified" in in_force:
        yield _past_verification(day)


def _gap(day: Day) -> Step:
    # Sorted inside: the few rows then come in full chunks, which makes the rest cheap.
    few = "SELECT meter, since, until, expected_interval FROM pairs WHERE estimated ORDER BY meter, since"
    bound = day.times("expected_interval", day.number("V3.factor"))
    row = day.finding("V3", "until - since", bound, since="since", until="until")
    return Step(f"{row} FROM ({few}) AS gaps WHERE until <= {day.end}")


def _rare_intervals(day: Day) -> Iterator[Step]:
    """Other rules about single intervals, in one look at all of them; none when none of them is in force."""
    known: dict[str, tuple[str, str, str]] = {}  # rule: (condition, found, bound)
    if "V4.least" in day.numbers:
        least = int(day.number("V4.least"))
        known["V4"] = (f"quantity < {least}", "quantity", str(least))
    if "V16.longest" in day.numbers:
        longest = int(day.number("V16.longest"))
        # A meter that is read by hand once a month has long intervals too: only estimated ones count.
        known["V16"] = (f"(estimated AND until - since > {longest})", "until - since", str(longest))
    if "V21.allowance" in day.numbers:
        known["V21"] = (f"how = {_ROLLOVER}", "increment", "modulus")
    if "V22.reset" in day.numbers:
        known["V22"] = (f"how = {_RESET}", "increment", "CAST(NULL AS BIGINT)")
    if not known:
        return
    sieve = " OR ".join(condition for condition, _, _ in known.values())
    found = " ".join(f"WHEN '{rule}' THEN {each}" for rule, (_, each, _) in known.items())
    bound = " ".join(f"WHEN '{rule}' THEN {each}" for rule, (_, _, each) in known.items())
    judged = " OR ".join(f"(rule = '{rule}' AND {condition})" for rule, (condition, _, _) in known.items())
    names = ", ".join(f"('{rule}')" for rule in known)
    yield Step(
        f"SELECT meter, rule, since, until, CAST(CASE rule {found} END AS BIGINT) AS found, "
        f"CAST(CASE rule {bound} END AS BIGINT) AS bound FROM (\n"
        f"  SELECT meter, since, until, increment, quantity, how, estimated, modulus FROM pairs WHERE {sieve}\n"
        f") AS remarkable CROSS JOIN (VALUES {names}) AS rules(rule)\nWHERE until <= {day.end} AND ({judged})",
        sieve=f"SELECT meter FROM pairs WHERE {sieve} LIMIT 1",
    )


def _over_capacity(day: Day) -> Step:
    """Above capacity x time x allowance. Looks at the rate of every interval, so only where a capacity is known."""
    per_second = day.number("V6.allowance") / SECONDS_OF_AN_HOUR
    possible = f"{day.wide('capacity')} * (until - since) * {per_second.numerator}"
    bound = f"({possible}) {day.dialect.divide} {per_second.denominator}"
    row = day.finding("V6", "quantity", bound, since="since", until="until")
    share = _double(per_second * _NEAR)
    return Step(
        f"{row} FROM (SELECT meter, since, until, quantity, capacity FROM pairs "
        f"WHERE CAST(quantity AS DOUBLE) > CAST(capacity AS DOUBLE) * ((until - since) * {share})) AS high "
        f"WHERE until <= {day.end} AND {day.wide('quantity')} * {per_second.denominator} > {possible}",
        sieve="SELECT meter FROM meters WHERE capacity IS NOT NULL LIMIT 1",
    )


def _double(number: Fraction) -> str:
    """A literal that both engines take as binary floating point (without exponent it would be a decimal)."""
    return f"{float(number):.17e}"


def _spike(day: Day) -> Step:
    """The highest hour against the third highest, among hours that are wholly covered and not estimated.

    The sieve: no hour but the two highest is above the third, so the third is at least the mean of the rest.
    """
    times = 1 + day.number("V7.share")
    measured = f"covered = {SECONDS_OF_AN_HOUR} AND estimated_seconds = 0"
    suspects = (
        f"SELECT meter FROM hours WHERE {measured} GROUP BY meter HAVING COUNT(*) > 2 "
        f"AND CAST(MAX(quantity) AS DOUBLE) * (COUNT(*) - 2) > "
        f"{_double(times * _NEAR)} * (SUM(CAST(quantity AS DOUBLE)) - 2 * CAST(MAX(quantity) AS DOUBLE))"
    )
    window = "OVER (PARTITION BY meter ORDER BY quantity DESC, hour)"
    ranked = (
        f"SELECT meter, hour, quantity, ROW_NUMBER() {window} AS place, LEAD(quantity, 2) {window} AS third "
        f"FROM hours WHERE {measured} AND meter IN ({suspects})"
    )
    since = f"{day.start} + {SECONDS_OF_AN_HOUR} * hour"
    row = day.finding("V7", "quantity", day.times("third", times), since=since, until=f"{since} + {SECONDS_OF_AN_HOUR}")
    return Step(
        f"{row} FROM ({ranked}) AS ranked WHERE place = 1 AND third > 0 "
        f"AND {day.wide('quantity')} * {times.denominator} > {day.wide('third')} * {times.numerator}",
        sieve=f"{suspects} LIMIT 1",
    )


def _standstill(day: Day) -> Iterator[Step]:
    """Whole hours of zero in a row: beside others that count, or for long where there are no others."""
    least = {name: int(day.number(name)) for name in ("V5.beside-load", "V5.alone") if name in day.numbers}
    if not least:
        return
    zero = f"quantity = 0 AND covered = {SECONDS_OF_AN_HOUR}"
    often = f"SELECT meter FROM hours WHERE {zero} GROUP BY meter HAVING {SECONDS_OF_AN_HOUR} * COUNT(*) >= "
    sieve = f"{often}{min(least.values())} LIMIT 1"
    for name, hours, also in (
        ("V5.beside-load", _beside_load, ""),
        ("V5.alone", _alone, " WHERE meter IN (SELECT meter FROM pairs WHERE a > 0)"),
    ):
        if name in least:
            chosen = hours(day, f"SELECT meter, hour FROM hours WHERE {zero} AND meter IN ({often}{least[name]})")
            row = day.finding("V5", "until - since", str(least[name]), since="since", until="until")
            yield Step(f"{row} FROM ({_runs(day, chosen, least[name])}) AS runs{also}", sieve)


def _runs(day: Day, hours: str, least: int) -> str:
    """Runs of neighbouring hours, of at least ``least`` seconds: in a run, hour less rank stays the same."""
    return (
        f"SELECT meter, {day.start} + {SECONDS_OF_AN_HOUR} * MIN(hour) AS since, "
        f"{day.start} + {SECONDS_OF_AN_HOUR} * (MAX(hour) + 1) AS until FROM ("
        "SELECT meter, hour, hour - ROW_NUMBER() OVER (PARTITION BY meter ORDER BY hour) AS island "
        f"FROM ({hours}) AS chosen) AS islands "
        f"GROUP BY meter, island HAVING {SECONDS_OF_AN_HOUR} * COUNT(*) >= {least}"
    )


def _versions(day: Day, columns: str) -> str:
    """The versions of meters that hold at the end of the day."""
    return f"SELECT {columns} FROM meters WHERE valid_from < {day.end} AND {day.end} <= valid_to"


def _beside_load(day: Day, zero: str) -> str:
    """Those of the hours ``zero`` in which the main meter, a submeter or a sibling counts."""
    sub = _versions(day, "meter, parent") + " AND parent IS NOT NULL"
    kin = (
        f"SELECT meter, parent AS other FROM ({sub}) AS up "
        f"UNION ALL SELECT parent AS meter, meter AS other FROM ({sub}) AS down "
        f"UNION ALL SELECT mine.meter AS meter, theirs.meter AS other FROM ({sub}) AS mine "
        f"JOIN ({sub}) AS theirs ON mine.parent = theirs.parent AND mine.meter <> theirs.meter"
    )
    return (
        f"SELECT DISTINCT z.meter AS meter, z.hour AS hour FROM ({zero}) AS z "
        f"JOIN ({kin}) AS kin ON kin.meter = z.meter "
        "JOIN hours AS h ON h.meter = kin.other AND h.hour = z.hour WHERE h.quantity > 0"
    )


def _alone(day: Day, zero: str) -> str:
    """Those of the hours ``zero`` whose meter has neither main meter nor submeters."""
    return (
        f"SELECT meter, hour FROM ({zero}) AS z WHERE meter IN ({_versions(day, 'meter')} AND parent IS NULL) "
        f"AND meter NOT IN ({_versions(day, 'parent')} AND parent IS NOT NULL)"
    )


def _submeters(day: Day) -> Step:
    """The main meter of a day less its submeters, where every one of them covers the whole day."""
    low, high = day.number("V13.low"), day.number("V13.high")
    whole = day.end - day.start
    sums = (
        f"SELECT s.parent AS parent, COUNT(*) AS meters, SUM({day.wide('d.quantity')}) AS below, "
        f"SUM(CASE WHEN d.covered = {whole} AND d.quantity IS NOT NULL THEN 1 ELSE 0 END) AS known "
        f"FROM ({_versions(day, 'meter, parent')} AND parent IS NOT NULL) AS s "
        "LEFT JOIN days AS d ON d.meter = s.meter GROUP BY s.parent"
    )
    judged = (
        f"SELECT m.meter AS meter, m.quantity AS quantity, {day.wide('m.quantity')} - sums.below AS rest "
        f"FROM ({sums}) AS sums JOIN days AS m ON m.meter = sums.parent "
        f"WHERE sums.meters = sums.known AND m.covered = {whole} AND m.quantity >= 0"
    )

    def signed(limit: Fraction) -> str:
        return ("-" if limit < 0 else "") + day.times("quantity", abs(limit))

    def beyond(limit: Fraction, sign: str) -> str:
        return f"rest * {limit.denominator} {sign} {day.wide('quantity')} * ({limit.numerator})"

    bound = f"CASE WHEN {beyond(low, '<')} THEN {signed(low)} ELSE {signed(high)} END"
    return Step(
        f"{day.finding('V13', 'rest', bound)} FROM ({judged}) AS judged "
        f"WHERE {beyond(low, '<')} OR {beyond(high, '>')}",
        sieve="SELECT meter FROM meters WHERE parent IS NOT NULL LIMIT 1",
    )


def _past_verification(day: Day) -> Step:
    since = f"GREATEST(v.calibrated_until, {day.start})"
    row = day.finding("V17", f"{day.end} - v.calibrated_until", "0", since=since, meter="v.meter")
    expired = f"calibrated_until < {day.end}"
    return Step(
        f"{row} FROM ({_versions(day, 'meter, calibrated_until')} AND {expired}) AS v "
        "JOIN days AS d ON d.meter = v.meter",
        sieve=f"SELECT meter FROM meters WHERE {expired} LIMIT 1",
    )
