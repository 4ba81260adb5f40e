"""Pages: they arrange what the report says and compute nothing."""
