"""What is thought of readings: flags, names of estimates, completeness. Nothing here changes a reading."""
