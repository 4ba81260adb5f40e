"""What every app of records needs from the database: exact decimals, tables that are written once, a ready schema."""
