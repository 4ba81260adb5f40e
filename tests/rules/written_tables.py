"""A small rule table to write into a folder, sound or broken."""

from __future__ import annotations

from pathlib import Path

DICTIONARY = """
title = { zh = "试验表", en = "Trial" }
description = { zh = "供试验。", en = "For trials." }
value = "number"

[keys.carrier]
label = { zh = "能源", en = "Carrier" }
meaning = { zh = "能源。", en = "The carrier." }

[attributes.basis]
label = { zh = "口径", en = "Basis" }
meaning = { zh = "口径。", en = "The basis." }
words = ["calorific", "equivalent"]

[attributes.heat]
label = { zh = "发热量", en = "Heat value" }
meaning = { zh = "发热量。", en = "The heat value." }
kind = "number"
"""
OWN_COLUMNS = "carrier,value,unit,basis,heat"
COMMON_COLUMNS = "valid_from,valid_to,place,edition,source,source_via,confidence,unverified_fields,note"
HEADER = f"{OWN_COLUMNS},{COMMON_COLUMNS}"
GOOD = "coal,0.7143,kgce/kg,calorific,20908,2008-06-01,2021-03-31,,2008,GB/T 2589-2008,,sourced,,"


def write(folder: Path, *rows: str, header: str = HEADER, dictionary: str = DICTIONARY) -> Path:
    """Write the table ``trial`` into ``folder``."""
    (folder / "trial.toml").write_text(dictionary, "utf-8")
    (folder / "trial.csv").write_text("\n".join([header, *rows, ""]), "utf-8")
    return folder
