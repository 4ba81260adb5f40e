"""Devices: whoever sends data through a door, which addresses it may come from, and what was noticed of it."""
