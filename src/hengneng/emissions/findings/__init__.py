"""Signs that monitoring data may have been made up: F1 to F20, and the checks of consistency F21 to F23.

Each is a pure function over arrays on a regular grid of times (NaN: missing) that goes by table fabrication_rules and
returns findings with severity, statistic, threshold and the rows that show it. A finding is a lead, not a verdict.
"""
