"""Where the front-end files of others lie, which installation brings and nobody commits."""

from pathlib import Path

VENDOR_FILES = ("htmx.min.js", "echarts.min.js")


def vendor_folder() -> Path:
    """Folder of the files brought by `make setup`."""
    return Path(__file__).parent / "static" / "vendor"
