"""Who stands behind a bearer token (RFC 6750): one short statement a request, the rest is remembered.

What a token means is worked out once. Every request asks whether it still means the same: the statement gives the
versions of all rows from which that follows, so a token that was revoked, an account that was closed or a membership
that ended counts from the next request on.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from health_platform.accounts.models import Membership, User
from health_platform.fhir.access import wire
from health_platform.fhir.access.context import AccessContext
from health_platform.smart.context import new_request_id, of_token
from health_platform.smart.models import Authorization, Client

REMEMBERED = 4096
_AccessToken = get_access_token_model()
SOURCES = frozenset(
    model._meta.db_table
    for model in (_AccessToken, Client, User, Membership, Authorization, Authorization.access_tokens.through)
)
"""The tables from which `of_token` reads. A version of a row is its place with the transaction that wrote it."""
_VERSIONS = f"""
SELECT t.expires, t.id, t.ctid::text || t.xmin, c.ctid::text || c.xmin, u.ctid::text || u.xmin,
    (SELECT string_agg(m.ctid::text || m.xmin, ' ' ORDER BY m.id) FROM {Membership._meta.db_table} m
     WHERE m.user_id = u.id),
    (SELECT string_agg(a.ctid::text || a.xmin, ' ' ORDER BY a.id)
     FROM {Authorization.access_tokens.through._meta.db_table} x
     JOIN {Authorization._meta.db_table} a ON a.id = x.authorization_id WHERE x.accesstoken_id = t.id)
FROM {_AccessToken._meta.db_table} t
LEFT JOIN {Client._meta.db_table} c ON c.id = t.application_id
LEFT JOIN {User._meta.db_table} u ON u.id = t.user_id
WHERE t.token_checksum = %s
"""  # noqa: S608  (names of tables)
Versions = tuple[Any, ...]

_lock = threading.Lock()
_known: dict[str, tuple[Versions, AccessContext | None]] = {}


def access_of(value: str) -> AccessContext | None:
    """The context of a token that is valid now, with a request id of its own; None for any other text."""
    checksum = hashlib.sha256(value.encode()).hexdigest()
    row = wire.run([(_VERSIONS, [checksum])])[0].fetchone()
    if row is None or _is_over(row[0]):
        return None
    versions, access = _known.get(checksum, (None, None))
    if versions != row:
        access = _worked_out(checksum, row)
    return replace(access, request_id=new_request_id()) if access else None


def _is_over(expires: datetime) -> bool:
    return expires <= timezone.now()


def _worked_out(checksum: str, versions: Versions) -> AccessContext | None:
    # What changed after the statement was answered has other versions at the next request.
    token = _AccessToken.objects.select_related("application", "user").filter(token_checksum=checksum).first()
    access = of_token(token) if token else None
    with _lock:
        if len(_known) >= REMEMBERED:
            del _known[next(iter(_known))]
        _known[checksum] = versions, access
    return access
