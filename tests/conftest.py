"""Databases, homes, a served site and a browser for the tests.

``--database postgresql`` runs everything on a real PostgreSQL, ``--database sqlite`` (the default) on SQLite.
Where ``CI=true``, what cannot run fails; elsewhere it is skipped and says what to install. Tests never see
the user's data.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from support import postgresql
from support.desk import Desk, WorkingSite
from support.homes import MADE_VARIABLE, Finished, Home, new_name
from support.made_once import MadeOnce, everything_made, tables_made
from support.missing import CI, cannot
from support.site import served
from support.waiting import PATIENCE

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
# Whoever does not ask for one of these gets at no database: pytest-django refuses it, and programs are not told of it.
DATABASE_FIXTURES = {
    "database", "postgresql_server", "made_once",
    "db", "transactional_db", "django_db_setup", "django_db_serialized_rollback",
}  # fmt: skip
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
    if not os.environ.get(MADE_VARIABLE):
        made = home / "made"
        made.mkdir()
        os.environ[MADE_VARIABLE] = str(made)
        stack.callback(_drop_made, made)
        stack.callback(os.environ.pop, MADE_VARIABLE, None)
    if config.stash[_server]:
        os.environ["HENGNENG_DATABASE_URL"] = config.stash[_server]
    if _needs_django(config):
        os.environ["DJANGO_SETTINGS_MODULE"] = "hengneng.web.settings"
        import django

        django.setup()
        _hash_quickly()
        _share_middleware()


def _hash_quickly() -> None:
    """Hash passwords with Argon2, but not for as long as to keep somebody from guessing them.

    Programs that tests start hash as always.
    """
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 64, 1


def _share_middleware() -> None:
    """Clients of the tests share what the first of them has loaded: WhiteNoise reads all static files each time.

    Where a test has changed the settings, its clients load their own.
    """
    from django.conf import UserSettingsHolder, settings
    from django.test.client import ClientHandler

    load, loaded = ClientHandler.load_middleware, dict[str, Any]()

    def load_once(self: ClientHandler, is_async: bool = False) -> None:
        if is_async or isinstance(settings._wrapped, UserSettingsHolder):
            load(self, is_async)
            return
        if not loaded:
            before = set(vars(self))
            load(self)
            loaded.update({name: value for name, value in vars(self).items() if name not in before})
        vars(self).update(loaded)

    ClientHandler.load_middleware = load_once


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


def pytest_sessionstart(session: pytest.Session) -> None:
    """In CI, begin at once with what takes longest to make: else all workers would come to wait for it together."""
    config = session.config
    if CI and config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        made_once = MadeOnce(Path(os.environ[MADE_VARIABLE]), config.stash[_server])
        making = threading.Thread(target=made_once, args=("everything", everything_made))
        making.start()
        config.stash[_session].callback(making.join)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the served site in one worker; leave out what belongs to the other database."""
    chosen = config.getoption("database")
    other = next(backend for backend in BACKENDS if backend != chosen)
    kept, left_out = [], []
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
        if CI and chosen == "postgresql" and not _depends_on_database(item, names):
            # The run on SQLite has them, and twice the same says nothing more.
            left_out.append(item)
        elif CI and item.get_closest_marker(other):
            # In CI the run on the other database has it: leaving it out here skips nothing.
            left_out.append(item)
        else:
            kept.append(item)
            if item.get_closest_marker(other):
                item.add_marker(pytest.mark.skip(reason=f"only on {other}: run with --database {other}"))
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _depends_on_database(item: pytest.Item, names: set[str]) -> bool:
    """Whether a test can go otherwise on another database; those that are only about one of them are marked so."""
    if item.path.relative_to(TESTS).parts[0] in ONCE:
        return False
    marked = any(item.get_closest_marker(name) for name in ("django_db", *BACKENDS))
    return marked or bool(names & DATABASE_FIXTURES)


def _drop_made(folder: Path) -> None:
    """Drop the databases of homes that were made once: a server that was named to us outlives the run."""
    for known in folder.glob("*.json"):
        if url := json.loads(known.read_text("utf-8")):
            postgresql.drop_database(url)


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
def made_once(pytestconfig: pytest.Config) -> MadeOnce:
    """Makes a home by a name, once a run for all workers; it is there to be copied and never used itself.

    ``made_once("name", make)``: ``make`` gets an untouched home, or a copy of the home ``of``.
    """
    return MadeOnce(Path(os.environ[MADE_VARIABLE]), pytestconfig.stash[_server])


@pytest.fixture(scope="session")
def with_tables(made_once: MadeOnce) -> Home:
    """A home in which the program has made its tables, to be copied.

    Making them takes seven seconds. What is about a first start is made by ``made_once`` from an untouched home.
    """
    return made_once("tables", tables_made)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, with_tables: Home
) -> Iterator[None]:
    """The database of the tests of a worker is a copy of one in which the program has made its tables.

    Every migration has been applied there: pytest-django finds nothing left to do.
    """
    from django.db import connection
    from django.db.backends.signals import connection_created

    if with_tables.database_url:
        connection.settings_dict["TEST"]["TEMPLATE"] = urlsplit(with_tables.database_url).path.lstrip("/")
        yield
        return

    def fill(connection: Any, **_: Any) -> None:
        # In memory it is there from its first connection on.
        connection_created.disconnect(fill)
        with closing(sqlite3.connect(with_tables.folder / "hengneng.sqlite3")) as file:
            file.backup(connection.connection)

    connection_created.connect(fill)
    yield
    connection_created.disconnect(fill)


@pytest.fixture(scope="session")
def with_everything(made_once: MadeOnce) -> Home:
    """A home in which `hengneng run` has loaded plans, facts and examples at its first start, to be copied."""
    return made_once("everything", everything_made)


@pytest.fixture(scope="session")
def copy_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Home], Home]]:
    """Copies homes that nothing runs in; the copies live until the end of the session."""
    folder = tmp_path_factory.mktemp("homes")
    made: list[Home] = []

    def copy(home: Home) -> Home:
        made.append(home.copy(new_name(folder)))
        return made[-1]

    yield copy
    for home in made:
        home.remove()


@pytest.fixture(scope="session")
def make_home(with_tables: Home, copy_home: Callable[[Home], Home]) -> Callable[[], Home]:
    """Makes homes with nothing in their tables on the chosen database; they live until the end of the session."""
    return lambda: copy_home(with_tables)


@pytest.fixture
def home(with_tables: Home, tmp_path: Path) -> Iterator[Home]:
    """A home of this test's own with nothing in its tables, on the chosen database."""
    home = with_tables.copy(tmp_path / "home")
    yield home
    home.remove()


@pytest.fixture
def hengneng(home: Home) -> Callable[..., Finished]:
    """The command line as a process in ``home``: ``hengneng("plan", "check", folder).code``."""
    return home.run


@pytest.fixture(scope="session")
def live_site(with_everything: Home, copy_home: Callable[[Home], Home]) -> Iterator[str]:
    """Address of the site as ``hengneng run`` serves it, everything loaded. Shared: read, never write."""
    with served(copy_home(with_everything)) as address:
        yield address


@pytest.fixture(scope="session")
def working_site(with_everything: Home, copy_home: Callable[[Home], Home]) -> Iterator[WorkingSite]:
    """The site with its worker and the example people, for journeys that change something. Shared by all journeys.

    Whoever has not yet signed in gets a new link at every start: those of this one are in its log.
    """
    home = copy_home(with_everything)
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
    context.set_default_timeout(1000 * PATIENCE)
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
