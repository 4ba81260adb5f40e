"""Answers of the door: JSON, and a problem with its number where something is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from hengneng.language import LANGUAGES
from hengneng.problems import Problem, RefusedError

OK, PARTLY = 200, 207
# Problems of the store by number, and what they mean to a client.
_STATUS = {"M004": 409, "M002": 413, "M005": 507, "M015": 503}
_AGAIN_LATER = (429, 503, 507)


class TurnedAwayError(Exception):
    """A request that is not taken: status of HTTP, why, and after how many seconds to try again (0: never)."""

    def __init__(self, status: int, problem: Problem, retry: int = 0) -> None:
        self.status, self.problem, self.retry = status, problem, retry
        super().__init__(problem.number)

    @classmethod
    def of_store(cls, refused: RefusedError, retry: int) -> TurnedAwayError:
        """What the store has refused. 422 where the batch itself is at fault."""
        problem = refused.problems[0]
        status = _STATUS.get(problem.number, 422)
        return cls(status, problem, retry if status in _AGAIN_LATER else 0)


def answer(content: Mapping[str, object], status: int = OK, retry: int = 0) -> web.Response:
    """An answer in JSON."""
    # What was found may hold halves of characters, which JSON can say and UTF-8 cannot.
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Retry-After": str(retry)} if retry else None
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


def refusal(away: TurnedAwayError) -> web.Response:
    """The answer to a request that is not taken."""
    return answer({"error": told(away.problem)}, away.status, away.retry)


def told(problem: Problem) -> dict[str, object]:
    """A problem for a client: check, where, text in both languages."""
    texts = {language: problem.text(language) for language in LANGUAGES}
    return {"check": problem.number, "where": problem.where, "text": texts}
