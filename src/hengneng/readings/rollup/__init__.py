"""Roll-ups: what passed between readings, spread over hours and added up to days, exact to the last integer.

- ``template.sql`` is the computation, ``dialects.py`` the few words that engines write differently;
- ``days.py`` says which days are due, ``closing.py`` what one day leaves to the next;
- ``duckdb_engine.py`` and ``spark_engine.py`` run it, ``results.py`` writes the files, ``engine.py`` is the door.

While the flags of a day are made, the DuckDB connection has these temporary tables. All numbers are whole:
micro-units, seconds since 1970 UTC.

``pairs``: neighbouring readings whose interval overlaps the day: meter, since, until, a (null at the first reading of
an amount meter), b, increment (before the multiplier), quantity (after it), how, estimated, spread, expected_interval,
capacity, modulus, calibrated_until, parent. An interval that goes on over midnight (until after the end) is there on
both days. ``how``: 0 plain, 1 rollover, 2 reset, 3 amount, 4 level (no quantity). ``spread`` is false where the
interval is longer than any that is spread over hours.

``hours``: meter, hour (0 to 23), quantity (null when nothing is covered), covered, estimated, estimated_seconds,
readings. ``days``: the same for the day, and expected. ``meters``: the versions as they were given.
"""
