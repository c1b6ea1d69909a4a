"""Getting back in: a code that somebody hands over in person, or a proven identity, makes room for a new password.

The code is good for a day (settings.PASSWORD_RESET_TIMEOUT) and once: it is bound to the password that it replaces.
What else opened the account, authenticator, passkeys, sessions, is good no longer once the code was used.
"""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction

from health_platform.accounts import second_factor
from health_platform.accounts.models import User
from health_platform.accounts.services import end_sessions


def code_for(user: User) -> str:
    """A code for ``user``, to be shown once to whoever hands it over."""
    return default_token_generator.make_token(user)


def redeem(username: str, code: str, password: str) -> User | None:
    """Give the account a new password; None when account and code do not belong together. Raises ValidationError for
    a password that is too weak."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, code.strip()):
        return None
    start_anew(user, password)
    return user


def start_anew(user: User, password: str) -> None:
    """A new password, and nothing else of what opened the account before. Raises ValidationError."""
    with transaction.atomic():
        change_password(user, password)
        second_factor.forget_all(user)
        end_sessions(user)


def change_password(user: User, password: str) -> None:
    """Raises ValidationError for a password that is too weak."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
