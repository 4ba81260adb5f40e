"""The tutorials, followed once a run: what comes before the browser is the same for the tests of both."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.homes import PROGRAM, Home

from docs.reading import blocks, calls
from docs.test_tutorial import LANGUAGES, said

Followed = Callable[[str], tuple[Home, list[list[str]]]]


@pytest.fixture(scope="session")
def followed(made_once: Callable[..., Home], tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """``followed("en")``: the home of a reader who has done everything in the console, to be copied, and what it said.

    The reader begins where the program has never been: every file is written, every command run.
    """

    def follow(language: str) -> tuple[Home, list[list[str]]]:
        def make(home: Home) -> None:
            folder = tmp_path_factory.mktemp("reader")
            environment = home.environment({"HENGNENG_LANG": language})
            environment["PATH"] = os.pathsep.join([str(PROGRAM.parent), environment["PATH"]])
            lines = []
            for block in blocks(LANGUAGES[language]):
                if block.file is not None:
                    file = folder / block.file
                    file.parent.mkdir(exist_ok=True)
                    file.write_text("\n".join(block.lines) + "\n", "utf-8")
                elif block.language == "console":
                    lines += [said(call, folder, environment) for call in calls(block)]
            Path(f"{home.folder}.said").write_text(json.dumps(lines), "utf-8")

        home = made_once(f"tutorial-{language}", make)
        return home, json.loads(Path(f"{home.folder}.said").read_text("utf-8"))

    return follow
