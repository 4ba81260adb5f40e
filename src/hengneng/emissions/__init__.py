"""What monitoring data of emissions say, and how far they may be relied on.

Pure functions over NumPy arrays: means and their validity, masses and what stands in for missing ones, exceedance of
dated limits, and signs of fabrication. Every number they go by is a row of a rule table. They know no database, no
web and no clock; equal inputs give equal results.

Times are whole seconds since 1970 UTC, the start of the period that a value is for. A value that is not there is NaN.
"""
