"""Duties: the tasks of plans given to organisations and people, with progress, evidence, reviews and reminders."""
