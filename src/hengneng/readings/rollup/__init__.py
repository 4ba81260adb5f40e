"""Roll-ups: what passed between readings, spread over hours and added up to days, exact to the last integer.

- ``days.py`` says which days are due, ``closing.py`` what one day leaves to the next;
- ``counting.py`` and ``adding.py`` compute a day on columns, ``numpy_engine.py`` calls them: the default;
- ``template.sql`` is the same as statements, ``dialects.py`` the few words that engines write differently;
  ``duckdb_engine.py`` and ``spark_engine.py`` run it, ``arrow.py`` brings their rows into columns;
- ``results.py`` writes the files, ``engine.py`` is the door.
"""
