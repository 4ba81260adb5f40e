"""What a password must be: long, not one of those that everybody tries, not one's own name. No more than that."""

from __future__ import annotations

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from hengneng.accounts.models import Person
from hengneng.accounts.policy import policy
from hengneng.language import Text, message


class PasswordError(ValidationError):
    """A password that is not good enough, in both languages."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


class LongEnough:
    """The least number of characters of the policy."""

    def validate(self, password: str, user: Person | None = None) -> None:
        """PasswordError when it is shorter."""
        least = policy().least_characters
        if len(password) < least:
            raise PasswordError(message("accounts.password.short", least=least, found=len(password)))

    def get_help_text(self) -> str:
        """What is expected."""
        return message("accounts.password.expected", least=policy().least_characters).en


class NotCommon:
    """Not one of the passwords that everybody tries (the list that Django brings)."""

    def __init__(self) -> None:
        self.common = CommonPasswordValidator()

    def validate(self, password: str, user: Person | None = None) -> None:
        """PasswordError when it is on the list."""
        if password.lower().strip() in self.common.passwords:
            raise PasswordError(message("accounts.password.common"))

    def get_help_text(self) -> str:
        """What is expected."""
        return message("accounts.password.common").en


class NotTheName:
    """Does not contain the sign-in name."""

    def validate(self, password: str, user: Person | None = None) -> None:
        """PasswordError when it does."""
        if user is not None and user.identifier and user.identifier.lower() in password.lower():
            raise PasswordError(message("accounts.password.name"))

    def get_help_text(self) -> str:
        """What is expected."""
        return message("accounts.password.name").en
