"""Notices that the next page shows once: what has just been done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from hengneng.language import Text


def notify(request: HttpRequest, text: Text) -> None:
    """Show ``text`` on top of the next page, in the language that page has."""
    messages.success(request, text.zh, extra_tags=text.en)


def notices(request: HttpRequest) -> list[Text]:
    """The notices that have not been shown yet; they count as shown from here on."""
    return [Text(zh=one.message, en=one.extra_tags) for one in messages.get_messages(request)]
