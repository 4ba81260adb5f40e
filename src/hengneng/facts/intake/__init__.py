"""Taking in tables of facts: reading the file, checking each row, recording the good ones, returning the bad ones."""
