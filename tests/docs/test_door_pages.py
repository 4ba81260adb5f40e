"""The pages about the HTTP door: files written, every sample sent to a door, answers as shown."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from support.doors import opened, registered, token_of
from support.homes import Home
from support.missing import cannot
from support.waiting import PATIENCE

from docs.reading import DOCS, blocks, calls
from docs.test_tutorial import compare

PAGES = [DOCS / "how-to" / "send-readings-over-http.md", DOCS / "how-to" / "connect-a-key-unit.md"]
ENTERPRISE = "91650100MA00000A1X"


def test_samples_show_what_comes_out(make_home: Callable[[], Home]) -> None:
    if shutil.which("curl") is None:
        cannot("no curl here: apt-get install curl")
    home = make_home()
    files = {block.file: "\n".join(block.lines) + "\n" for block in blocks(PAGES[0]) if block.file}
    (home.folder / "readings.jsonl").write_text(files["readings.jsonl"], "utf-8")
    registered(home, files["devices.csv"])
    token = token_of(home, "http:logger")
    with opened(home) as door:
        said = door.send("/nhjc/enterprise/register", {"enterpriseCode": ENTERPRISE})
        environment = {"PATH": os.environ["PATH"], "no_proxy": "*", "TOKEN": token, "DEVICE_ID": said.json["deviceId"]}
        for page in PAGES:
            samples = [call for block in blocks(page) if block.language == "sh" for call in calls(block)]
            assert samples
            for call in samples:
                command = call.command.replace("http://localhost:8700", f"http://127.0.0.1:{door.port}")
                done = subprocess.run(command, shell=True, cwd=home.folder, env=environment, capture_output=True,
                                      text=True, encoding="utf-8", timeout=PATIENCE, check=False)  # fmt: skip
                assert done.returncode == 0, f"{page.name}:{call.line}: {done.stderr}"
                compare(call, done.stdout.splitlines(), page)
    assert home.run("devices", "set-aside", "--json").json["counts"] == []
