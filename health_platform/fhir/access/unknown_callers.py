"""A request that was refused for want of a valid token leaves a row in the access log: when, from where, at which API.

What was sent as token, and what was asked for, is not kept: it may be anything. Few rows are written for one
address, and few in all, so that nobody can fill the log.
"""

from __future__ import annotations

import logging
from time import monotonic

from django.db import DatabaseError

from health_platform.fhir.access import audit, origin
from health_platform.fhir.access.rates import neighbourhood
from health_platform.fhir.access.token_bucket import Buckets, Quota

log = logging.getLogger(__name__)
_of_address = Buckets(Quota(3, 60))
_of_all = Buckets(Quota(60, 60), most=1)


def note_refusal(api: str) -> None:
    """Write the row, unless there were too many of late. The caller is refused either way: a store that does not
    answer changes nothing for it."""
    now = monotonic()
    if not _of_address.take(neighbourhood(origin.address()), now).allowed or not _of_all.take("", now).allowed:
        return
    try:
        audit.login(None, client=api, success=False, interaction="token")
    except DatabaseError as error:
        log.error("a refused request is not in the access log: %s", type(error).__name__)
