"""The folder door: books of hand-read meters, dropped into the folder of their unit."""
