-- The roll-up: what passed between neighbouring readings, spread over hours, added up to days.
-- One text for every engine; dialects.py fills in the words in braces, which are the few that engines write differently.
-- All numbers are whole: micro-units, seconds, hours counted from {start}. Everything that overflows raises an error.

-- part: intervals
-- From neighbours (meter, since, until, a, b: since and a NULL at the first reading of a meter) and the versions of meters.
-- The version that applies is valid at the last second of the interval. how: 0 plain, 1 rollover, 2 reset, 3 amount,
-- 4 level, 5 nothing yet (first reading of a register).
SELECT
  meter, since, until, a, b, increment,
  CASE
    WHEN multiplier = 1000 THEN increment
    ELSE (increment {div} 1000) * multiplier
      + ((increment % 1000) * multiplier - (((increment % 1000) * multiplier) % 1000 + 1000) % 1000) {div} 1000
  END AS quantity,
  how, estimated, spread,
  CASE
    WHEN NOT spread THEN CAST((until - 1 - {start}) {div} 3600 AS INTEGER)
    WHEN since <= {start} THEN 0
    ELSE CAST((since - {start}) {div} 3600 AS INTEGER)
  END AS first_hour,
  CASE
    WHEN spread AND until > {end} THEN CAST(({end} - {start}) {div} 3600 - 1 AS INTEGER)
    ELSE CAST((until - 1 - {start}) {div} 3600 AS INTEGER)
  END AS last_hour,
  version
FROM (
  SELECT
    *,
    CASE how WHEN 0 THEN b - a WHEN 1 THEN modulus - a + b WHEN 2 THEN b WHEN 3 THEN b END AS increment,
    COALESCE(until - since > longest_plain, FALSE) AS estimated,
    how < 4 AND until - since <= {longest} AS spread
  FROM (
    SELECT
      *,
      CASE
        WHEN kind_code = 2 THEN 4
        WHEN kind_code = 1 THEN 3
        WHEN since IS NULL THEN 5
        WHEN b >= a THEN 0
        WHEN modulus IS NULL OR modulus < a THEN 2
        WHEN capacity IS NULL THEN CASE WHEN modulus - a + b <= largest_rollover THEN 1 ELSE 2 END
        WHEN CAST(modulus - a + b AS {wide}) * multiplier * {capacity_denominator}
          <= CAST(capacity AS {wide}) * (until - since) * {capacity_numerator} THEN 1
        ELSE 2
      END AS how
    FROM (
      SELECT
        n.meter,
        -- An amount is of its own interval: what came before it and was never reported stays missing.
        CASE WHEN v.kind_code = 1 AND (n.since IS NULL OR n.until - n.since > v.longest_plain)
          THEN n.until - v.expected_interval ELSE n.since END AS since,
        n.until, n.a, n.b, v.version, v.kind_code, v.modulus, v.multiplier, v.capacity, v.longest_plain, v.largest_rollover
      FROM {neighbours} n JOIN versions v
        ON n.meter = v.meter AND v.valid_from < n.until AND n.until <= v.valid_to
    ) versioned
  ) judged
) counted
WHERE until <= {end} OR (since < {end} AND how < 4 AND until - since <= {longest})

-- part: hours
-- The quantity up to a time is quantity x time / length, rounded toward zero; an hour has the difference of two such, so
-- that the hours of an interval add up to it. Most intervals lie in one hour and are taken as they are.
SELECT
  meter, hour,
  CAST(SUM(quantity) AS BIGINT) AS quantity,
  CAST(SUM(covered) AS INTEGER) AS covered,
  CAST(CASE WHEN SUM(covered) > 0 THEN COALESCE(SUM(CASE WHEN estimated THEN quantity END), 0) END AS BIGINT)
    AS estimated,
  CAST(SUM(CASE WHEN estimated THEN covered ELSE 0 END) AS INTEGER) AS estimated_seconds,
  CAST(SUM(reading) AS INTEGER) AS readings
FROM (
  SELECT
    meter, last_hour AS hour, quantity, CAST(until - since AS INTEGER) AS covered, estimated, 1 AS reading
  FROM intervals
  WHERE spread AND first_hour = last_hour AND since >= {start} AND until <= {end}
  UNION ALL
  SELECT meter, last_hour, CAST(NULL AS BIGINT), 0, FALSE, 1 FROM intervals WHERE NOT spread
  UNION ALL
  SELECT
    meter, hour,
    (quantity {div} seconds) * (upto - since) + ((quantity % seconds) * (upto - since)) {div} seconds
      - (quantity {div} seconds) * (beginning - since) - ((quantity % seconds) * (beginning - since)) {div} seconds,
    CAST(upto - beginning AS INTEGER), estimated, CASE WHEN upto = until THEN 1 ELSE 0 END
  FROM (
    SELECT
      *, until - since AS seconds,
      GREATEST(since, {start} + CAST(hour AS BIGINT) * 3600) AS beginning,
      LEAST(until, {start} + CAST(hour AS BIGINT) * 3600 + 3600) AS upto
    FROM (
      SELECT meter, since, until, quantity, estimated, {each_hour} AS hour
      FROM intervals
      WHERE spread AND NOT (first_hour = last_hour AND since >= {start} AND until <= {end})
    ) long_intervals
  ) cut
) parts
GROUP BY meter, hour

-- part: days
-- Hours added up. expected: how many readings the versions that are valid in the day ask for.
SELECT
  t.meter, t.day, t.quantity, t.covered, t.estimated, t.estimated_seconds, t.readings, e.expected
FROM (
  SELECT
    meter, hour {div} 24 AS day,
    CAST(SUM(quantity) AS BIGINT) AS quantity,
    CAST(SUM(covered) AS INTEGER) AS covered,
    CAST(SUM(estimated) AS BIGINT) AS estimated,
    CAST(SUM(estimated_seconds) AS INTEGER) AS estimated_seconds,
    CAST(SUM(readings) AS INTEGER) AS readings
  FROM window_hours
  GROUP BY meter, hour {div} 24
) t
LEFT JOIN (
  SELECT
    v.meter, d.day,
    CAST(SUM((LEAST(v.valid_to, d.ends) - GREATEST(v.valid_from, d.begins)) {div} v.expected_interval) AS INTEGER) AS expected
  FROM versions v
  JOIN (
    SELECT day, {start} + CAST(day AS BIGINT) * 86400 AS begins, {start} + CAST(day AS BIGINT) * 86400 + 86400 AS ends
    FROM {window_days}
  ) d ON v.valid_from < d.ends AND v.valid_to > d.begins
  GROUP BY v.meter, d.day
) e ON e.meter = t.meter AND e.day = t.day

-- part: hours_of_result
SELECT
  CAST(hour {div} 24 AS INTEGER) AS day, meter, CAST(hour % 24 AS TINYINT) AS hour,
  quantity, covered, estimated, estimated_seconds
FROM window_hours
WHERE covered > 0

-- part: days_of_result
SELECT day, meter, quantity, covered, estimated, estimated_seconds, readings, expected FROM window_days

-- part: neighbours
-- For engines that take all days of a run at once; with DuckDB the rows come side by side already.
-- rows_of_run (meter, at, value): opening states, current readings, next readings of meters open at the end.
SELECT meter, since, until, a, b
FROM (
  SELECT
    meter, LAG(at) OVER (PARTITION BY meter ORDER BY at) AS since, at AS until,
    LAG(value) OVER (PARTITION BY meter ORDER BY at) AS a, value AS b
  FROM rows_of_run
) beside
WHERE until > {start}

-- part: states
-- The last reading up to the end of each day of the window, and the next one where an interval is open there.
SELECT
  day, meter, at, value,
  CASE WHEN at < ends AND next_at - at <= {longest} THEN next_at END AS next_at,
  CASE WHEN at < ends AND next_at - at <= {longest} THEN next_value END AS next_value
FROM (
  SELECT *, {start} + CAST(day AS BIGINT) * 86400 + 86400 AS ends
  FROM (
    SELECT meter, at, value, next_at, next_value, {each_day} AS day
    FROM (
      SELECT
        *,
        CASE WHEN at <= {start} THEN 0 ELSE CAST((at - 1 - {start}) {div} 86400 AS INTEGER) END AS first_day,
        CAST(LEAST(COALESCE(next_at, {end} + 1) - 1 - {start}, {end} - {start}) {div} 86400 - 1 AS INTEGER) AS last_day
      FROM (
        SELECT
          meter, at, value,
          LEAD(at) OVER (PARTITION BY meter ORDER BY at) AS next_at,
          LEAD(value) OVER (PARTITION BY meter ORDER BY at) AS next_value
        FROM rows_of_run
      ) beside
    ) lasting
    WHERE first_day <= last_day AND at <= {end}
  ) each_state
) dated
