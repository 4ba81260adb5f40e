"""The interface for programs, /api/v1: the same readers and acting functions as the pages, in JSON."""
