"""What floors above may listen to."""

from django.dispatch import Signal

plan_loaded = Signal()
"""Sent within the transaction in which a plan folder was loaded (again): ``edition`` and ``plan``."""
