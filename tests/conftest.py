"""Databases, homes, a served site and a browser for the tests.

``--database postgresql`` runs everything on a real PostgreSQL, ``--database sqlite`` (the default) on SQLite.
Where ``CI=true``, what cannot run fails; elsewhere it is skipped and says what to install. Tests never see
the user's data.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import hypothesis
import pytest
from support import postgresql
from support.desk import Desk, WorkingSite
from support.homes import Finished, Home, new_name
from support.missing import CI, cannot
from support.site import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BACKENDS = ("sqlite", "postgresql")
SERVER_VARIABLE = "HENGNENG_TEST_DATABASE_URL"

# These rooms import nothing of Django, and their tests run without it: quickly, and to prove that they can.
TESTS = Path(__file__).parent
GROUND_FLOOR = ("rules", "hj212", "key_units", "plans", "formulas", "emissions", "evaluation", "problems", "truth")
# What is written about the program is as true on either database.
ONCE = (*GROUND_FLOOR, "docs")

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSER_FIXTURES = {"browser", "page", "desk"}
# Fixtures of a whole module that write to the database; pytest-django sets it up only where a test asks for it itself.
MODULE_DATABASES = {"loaded", "tree", "world"}
SITE_FIXTURES = {"live_site", "working_site", "page", "browser", "desk"}

_session = pytest.StashKey[ExitStack]()
_server = pytest.StashKey[str]()

# The same examples every time: a run that fails, fails again. Searching for new ones is a task of its own.
hypothesis.settings.register_profile("hengneng", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("hengneng")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The choice of the database."""
    parser.addoption(
        "--database",
        choices=BACKENDS,
        default=os.environ.get("HENGNENG_TEST_DATABASE") or "sqlite",
        help="database for the tests (also HENGNENG_TEST_DATABASE); for postgresql a server is started, "
        f"or the one of {SERVER_VARIABLE} is used",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Point Django at a temporary home and at the chosen database before anything reads its settings."""
    stack = config.stash[_session] = ExitStack()
    config.stash[_server] = ""
    if config.getoption("database") == "postgresql" and not config.option.collectonly:
        try:
            config.stash[_server] = _server_for(stack)
        except postgresql.NoPostgreSQLError as problem:
            raise pytest.UsageError(str(problem)) from None
    home = Path(tempfile.mkdtemp(prefix="hengneng-tests-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("HENGNENG_") and "_TEST_" not in name]:
        del os.environ[name]
    os.environ["HENGNENG_HOME"] = str(home)
    if config.stash[_server]:
        os.environ["HENGNENG_DATABASE_URL"] = config.stash[_server]
    if _needs_django(config):
        os.environ["DJANGO_SETTINGS_MODULE"] = "hengneng.web.settings"
        import django

        django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and remove the temporary home."""
    if _session in config.stash:
        config.stash[_session].close()


def pytest_report_header(config: pytest.Config) -> str:
    """Which database this run is on."""
    return f"database: {config.getoption('database')}"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files by their argument, not by their bytes: an archive holds the second it was packed in.

    Workers would otherwise collect tests of different names, and pytest-xdist refuses to begin.
    """
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the served site in one worker; leave out what belongs to the other database."""
    chosen = config.getoption("database")
    other = next(backend for backend in BACKENDS if backend != chosen)
    left_out = []
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & SITE_FIXTURES:
            item.add_marker(pytest.mark.xdist_group("site"))
        if names & MODULE_DATABASES:
            item.add_marker(pytest.mark.django_db)
            if not item.get_closest_marker("xdist_group"):
                # One worker, so that the data of the module are made once.
                item.add_marker(pytest.mark.xdist_group(item.path.stem))
        if names & BROWSER_FIXTURES:
            item.add_marker(pytest.mark.browser)
        if CI and chosen == "postgresql" and item.path.relative_to(TESTS).parts[0] in ONCE:
            # They do not depend on the database: the run on SQLite has them, and twice the same says nothing more.
            left_out.append(item)
        elif item.get_closest_marker(other):
            # In CI the run on the other database has it: leaving it out here skips nothing.
            if CI:
                left_out.append(item)
            else:
                item.add_marker(pytest.mark.skip(reason=f"only on {other}: run with --database {other}"))
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _needs_django(config: pytest.Config) -> bool:
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        # Workers inherit the environment: named here, Django would be set up in them with the home of this process,
        # which all of them would then share.
        return False
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.split("::")[0]).resolve()
        if not path.is_relative_to(TESTS) or path == TESTS:
            return True
        if path.relative_to(TESTS).parts[0] not in GROUND_FLOOR:
            return True
    return False


def _server_for(stack: ExitStack) -> str:
    """URL of the server of this run: the named one, or one started now, which workers then find named."""
    if not os.environ.get(SERVER_VARIABLE):
        os.environ[SERVER_VARIABLE] = stack.enter_context(postgresql.running_server())
        stack.callback(os.environ.pop, SERVER_VARIABLE, None)
    url = os.environ[SERVER_VARIABLE]
    return url if urlsplit(url).path.strip("/") else postgresql.with_database(url, "hengneng")


@pytest.fixture(scope="session")
def database(pytestconfig: pytest.Config) -> str:
    """The chosen database: ``sqlite`` or ``postgresql``."""
    chosen: str = pytestconfig.getoption("database")
    return chosen


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> str:
    """URL of a real PostgreSQL server, also in a run on SQLite; its user may make databases."""
    try:
        return pytestconfig.stash[_server] or _server_for(pytestconfig.stash[_session])
    except postgresql.NoPostgreSQLError as problem:
        cannot(str(problem))


@pytest.fixture(scope="session")
def make_home(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Home]]:
    """Makes empty homes on the chosen database; they live until the end of the session."""
    folder = tmp_path_factory.mktemp("homes")
    made: list[Home] = []

    def make() -> Home:
        made.append(Home.make(new_name(folder), pytestconfig.stash[_server]))
        return made[-1]

    yield make
    for home in made:
        home.remove()


@pytest.fixture
def home(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[Home]:
    """An empty home of this test's own, on the chosen database."""
    home = Home.make(tmp_path / "home", pytestconfig.stash[_server])
    yield home
    home.remove()


@pytest.fixture
def hengneng(home: Home) -> Callable[..., Finished]:
    """The command line as a process in ``home``: ``hengneng("plan", "check", folder).code``."""
    return home.run


@pytest.fixture(scope="session")
def live_site(make_home: Callable[[], Home]) -> Iterator[str]:
    """Address of the site as ``hengneng run`` serves it, everything loaded. Shared: read, never write."""
    with served(make_home()) as address:
        yield address


@pytest.fixture(scope="session")
def working_site(make_home: Callable[[], Home]) -> Iterator[WorkingSite]:
    """The site with its worker and the example people, for journeys that change something. Shared by all journeys."""
    home = make_home()
    with served(home) as address:
        yield WorkingSite(address, Path(f"{home.folder}.log"), home)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, for one module: its event loop would be in the way of the tests of others."""
    program = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if program is None:
        cannot("no browser here: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot("no playwright here: .venv/bin/pip install --require-hashes -r requirements/test.txt")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, and Django takes that for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_site: str) -> Iterator[Page]:
    """A fresh Chinese-speaking page on the live site: ``page.goto("/")``.

    At the end the test fails when the page asked another host for anything, or its scripts ended in an error.
    """
    context = browser.new_context(base_url=live_site, locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    page = context.new_page()
    elsewhere: list[str] = []
    errors: list[str] = []

    def watch(url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(f"{live_site}/"):
            elsewhere.append(url)

    page.on("request", lambda request: watch(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not elsewhere, f"a closed network has none of these: {elsewhere}"
    assert not errors, f"errors in the scripts of the page: {errors}"


@pytest.fixture
def desk(browser: Browser, working_site: WorkingSite, request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Opens desks: ``desk("example.hami", width="phone", language="en")`` is a browser with that person signed in.

    At the end the test fails when a page asked another host for anything, or wrote an error to the console.
    """
    opened: list[Desk] = []

    def open_desk(who: str = "", width: str = "desk", language: str = "zh") -> Desk:
        opened.append(Desk.open(browser, working_site, request.node.name, who, width, language))
        return opened[-1]

    yield open_desk
    for one in opened:
        one.close()
    faults = [fault for one in opened for fault in one.faults]
    assert not faults, faults
