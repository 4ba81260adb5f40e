"""Monitoring of emissions: outlets, what their devices measured, and the hours, days and findings that come of it."""
