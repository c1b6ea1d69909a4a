"""An account becomes that of a Patient: by a code that an institution hands over in person, and a proven identity of
the same name and day of birth. Name and day of birth alone bind nothing: many people share them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from health_platform.accounts.models import BindingCode, ProvenIdentity, User
from health_platform.accounts.proofing.port import Proof, index, name_index

CODE_LASTS = timedelta(days=1)


class NotBound(Exception):
    """Why not: ``code``, ``person``, ``taken`` or ``bound``."""


def code_for(patient: str, name: str, birth_date: date, now: datetime) -> str:
    """A code for the person behind ``patient``, good for a day and once; of the name a keyed hash is kept."""
    code = f"{secrets.randbelow(10**10):010d}"
    BindingCode.objects.filter(patient=patient).delete()
    BindingCode.objects.create(
        digest=_digest(code), patient=patient, name=name_index(name), birth_date=birth_date, expires=now + CODE_LASTS
    )
    return f"{code[:5]}-{code[5:]}"


def remember(user: User, proof: Proof, now: datetime) -> None:
    """Keep that the person behind ``user`` has proven who she is. Raises NotBound when another account is hers."""
    try:
        with transaction.atomic():
            ProvenIdentity.objects.filter(user=user).delete()
            ProvenIdentity.objects.create(user=user, index=index(proof.ci), method=proof.method, proven=now)
    except IntegrityError:
        raise NotBound("taken") from None


def bind(user: User, proof: Proof, code: str, now: datetime) -> None:
    """Make the account that of the Patient behind the code. Raises NotBound; nothing is kept then."""
    if user.patient:
        raise NotBound("bound")
    digits = "".join(one for one in code if one.isdigit())
    with transaction.atomic():
        found = BindingCode.objects.select_for_update().filter(digest=_digest(digits), expires__gt=now).first()
        if found is None:
            raise NotBound("code")
        if (found.name, found.birth_date) != (name_index(proof.name), proof.birth_date):
            raise NotBound("person")
        remember(user, proof, now)
        user.patient = found.patient
        user.save(update_fields=["patient"])
        found.delete()


def user_of(proof: Proof) -> User | None:
    """The account of the person who has proven who she is before."""
    found = ProvenIdentity.objects.select_related("user").filter(index=index(proof.ci), user__is_active=True).first()
    return found.user if found else None


def _digest(code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"binding code {code}".encode(), hashlib.sha256).hexdigest()
