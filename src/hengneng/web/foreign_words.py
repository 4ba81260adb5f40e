"""Chinese on an English page is marked as Chinese, for the voice of a screen reader and for the choice of glyphs.

Names of people and files, titles of documents, reasons that somebody wrote: they are shown as they were written,
and may stand inside any sentence. Marking them where the page is finished misses none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate

from django.http import HttpRequest, HttpResponse

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_CHINESE = f"{_HAN}\u3000-\u303f\uff01-\uff5e·—…“”"
# Chinese with the figures and short names inside it: 新政办发〔2014〕50号 is one piece.
_PIECE = re.compile(f"[《（〔“]*[{_HAN}](?:[0-9A-Za-z.%-]{{0,8}}[{_CHINESE}])*[0-9]*")
_TEXT_WITH_HAN = re.compile(f">([^<]*[{_HAN}][^<]*)<")
# Elements whose text cannot hold another element.
_WHOLE = re.compile(r"<(script|style|title|textarea|svg)\b.*?</\1>", re.DOTALL)
_MARKED = re.compile(r'<([a-z]\w*)\b[^<>]*\blang="zh[^"]*"[^<>]*>')
_OPTION = re.compile(r"<option\b([^<>]*)>((?:[^<]|<span lang=\"zh-CN\">|</span>)*)</option>")
_SPAN = re.compile(r"</?span[^>]*>")

Respond = Callable[[HttpRequest], HttpResponse]


class ForeignWordsMiddleware:
    """Marks what is Chinese on English pages."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.respond(request)
        if (
            getattr(request, "language", "") == "en"
            and not response.streaming
            and response.headers.get("Content-Type", "").startswith("text/html")
            and not (request.resolver_match and request.resolver_match.app_name == "admin")
        ):
            response.content = marked(response.content.decode()).encode()
        return response


def marked(page: str) -> str:
    """The page with every piece of Chinese inside an element that says so."""
    left_alone = sorted([*_spans_whole(page), *_spans_marked(page)])
    starts = [start for start, _ in left_alone]
    # Spans may lie inside each other: what matters is how far any of those before reaches.
    reach = list(accumulate((end for _, end in left_alone), max))

    def mark(found: re.Match[str]) -> str:
        before = bisect_right(starts, found.start(1))
        if before and reach[before - 1] > found.start(1):
            return found[0]
        return f">{_PIECE.sub(_in_chinese, found[1])}<"

    return _OPTION.sub(_mark_choice, _TEXT_WITH_HAN.sub(mark, page))


def _in_chinese(piece: re.Match[str]) -> str:
    return f'<span lang="zh-CN">{piece[0]}</span>'


def _mark_choice(choice: re.Match[str]) -> str:
    # A choice in a list may hold text only: the choice itself is marked.
    plain = _SPAN.sub("", choice[2])
    return choice[0] if plain == choice[2] else f'<option lang="zh-CN"{choice[1]}>{plain}</option>'


def _spans_whole(page: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _WHOLE.finditer(page))


def _spans_marked(page: str) -> Iterator[tuple[int, int]]:
    """From the beginning to the end of each element that is marked as Chinese."""
    for found in _MARKED.finditer(page):
        depth = 1
        for tag in re.compile(rf"<(/?){found[1]}\b").finditer(page, found.end()):
            depth += -1 if tag[1] else 1
            if depth == 0:
                yield found.start(), tag.start()
                break
