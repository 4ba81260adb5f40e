"""Doors: where devices connect. Each is a process of its own, takes in durably, and only then says "received"."""
