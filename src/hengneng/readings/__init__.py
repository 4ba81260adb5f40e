"""Readings: what meters and analysers sent, kept raw and durably, and the roll-ups over them. Knows no Django."""
