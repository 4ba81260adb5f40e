"""The pages about the interface: every sample is sent to a served site, every operation is listed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.homes import Home
from support.missing import cannot
from support.site import served
from support.waiting import PATIENCE

from docs.reading import DOCS, Call, blocks, calls
from docs.test_tutorial import compare

PAGES = [DOCS / "how-to" / "use-the-api.md", DOCS / "reference" / "api.md"]
WRITTEN_ADDRESS = "http://localhost:8000"
TOKEN_FOR = "example.region"
VERBS = ["see_unpublished", "correct_facts", "run_jobs"]
ISSUE = """
import django; django.setup()
from hengneng.accounts.models import Person
from hengneng.accounts.tokens import issue
print(issue(Person.objects.get(identifier={person!r}), "documentation", {verbs!r}, 1)[1])
"""


@pytest.fixture(scope="module")
def site_with_token(with_everything: Home, copy_home: Callable[[Home], Home]) -> Iterator[tuple[str, str]]:
    """Address of a site of its own, to which the samples may write, and a token of the example office."""
    home = copy_home(with_everything)
    with served(home) as address:
        program = ISSUE.format(person=TOKEN_FOR, verbs=VERBS)
        environment = home.environment({"DJANGO_SETTINGS_MODULE": "hengneng.web.settings"})
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        yield address, done.stdout.strip()


def samples(page: Path) -> list[Call]:
    """The commands of a page that call the interface."""
    return [call for block in blocks(page) if block.language == "sh" for call in calls(block)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_samples_show_what_comes_out(page: Path, site_with_token: tuple[str, str]) -> None:
    address, token = site_with_token
    if shutil.which("curl") is None:
        cannot("no curl here: apt-get install curl")
    found = samples(page)
    assert found
    for call in found:
        assert call.command.startswith("curl -s ")
        done = subprocess.run(
            call.command.replace(WRITTEN_ADDRESS, address),
            shell=True,
            env={"PATH": os.environ["PATH"], "TOKEN": token, "no_proxy": "*"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{page.name}:{call.line}: {done.stderr}"
        compare(call, done.stdout.splitlines(), page)


def test_every_operation_error_and_limit_is_in_the_reference() -> None:
    from hengneng.access.table import YES, permissions
    from hengneng.web.api.description import METHODS, described
    from hengneng.web.api.errors import CODES
    from hengneng.web.api.limits import limit

    page = PAGES[1].read_text("utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \| `((?:GET|POST) [^`]+)`", page, re.MULTILINE))
    there = {
        (methods[method]["operationId"], f"{method.upper()} {path}")
        for path, methods in described("en")["paths"].items()
        for method in METHODS
        if method in methods
    }
    assert listed == there
    reasons = {code for cells in permissions().values() for code in cells.values()} - {YES}
    assert not [code for code in {*CODES.values(), *reasons} - {"forbidden", "conflict"} if f"`{code}`" not in page]
    for name in ("rows_a_page", "most_rows_a_page", "requests_a_minute_signed_in", "requests_a_minute_public"):
        assert re.search(rf"\b{limit(name)}\b", page), name
