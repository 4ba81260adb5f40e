"""How Django finds out whether somebody is who they say."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from hengneng.accounts.models import Person


class PersonBackend(BaseBackend):
    """People by sign-in name and password. Throttling and the second factor are asked before, in ``signing_in``."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> Person | None:
        """The person, or None; takes as long for a name that nobody has as for a wrong password."""
        person = Person.objects.filter(identifier=(username or "").lower()).first()
        if person is None:
            Person().set_password(password)
            return None
        return person if person.check_password(password or "") and person.is_active else None

    def get_user(self, user_id: int) -> Person | None:
        """The person of a session, unless they have been made inactive."""
        return Person.objects.filter(pk=user_id, is_active=True).first()
