"""The web server: gunicorn with synchronous workers, which has the best tail among what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication


class Server(BaseApplication):
    """Serves the site until it is stopped; then calls ``on_exit``, in the process that was started."""

    def __init__(self, host: str, port: int, workers: int, on_exit: Callable[[], None] | None = None) -> None:
        bracketed = f"[{host}]" if ":" in host else host
        self.options: dict[str, Any] = {"bind": f"{bracketed}:{port}", "workers": workers, "loglevel": "warning"}
        if on_exit is not None:
            self.options["on_exit"] = lambda _: on_exit()
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from hengneng.web.wsgi import application

        return application
