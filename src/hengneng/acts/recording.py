"""Writing acts down."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hengneng.acts.identifiers import new_act_id
from hengneng.acts.models import FIRST_PREVIOUS, Act
from hengneng.database.locking import one_writer

HEAD_FILE = "acts.head"


def record(
    who: str,
    verb: str,
    kind: str,
    name: str,
    *,
    place: str = "",
    organisation: int | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    identifier: str | None = None,
) -> Act:
    """Append an act to the log, in the transaction of what was done, so that both are kept or neither.

    ``verb`` names the act as ``noun.verb``; the catalogue has its words under ``act.<verb>``. ``place`` is a stable
    code and ``organisation`` a key: they decide who may read the act. Call it last: other acts wait until the
    transaction ends.
    """
    with transaction.atomic():
        one_writer(Act._meta.db_table)
        last = Act.objects.order_by("sequence").last()
        act = Act(
            sequence=last.sequence + 1 if last else 1,
            identifier=identifier or new_act_id(),
            at=timezone.now(),
            who=who,
            verb=verb,
            kind=kind,
            name=name,
            place=place,
            organisation=organisation,
            reason=reason,
            details=dict(details or {}),
            previous=last.digest if last else FIRST_PREVIOUS,
        )
        act.digest = act.computed_digest()
        act.save(force_insert=True)
        transaction.on_commit(lambda: keep_head(act))
    return act


def head_file() -> Path:
    """Where the newest known act is kept outside the database, so that a chain cut short is found out."""
    return Path(settings.HOME) / HEAD_FILE


def keep_head(act: Act) -> None:
    """Note the newest act beside the database. A note that lags behind is harmless: it must only be in the chain."""
    file = head_file()
    partial = file.with_suffix(f".{os.getpid()}.{act.identifier}")
    partial.write_text(json.dumps({"sequence": act.sequence, "digest": act.digest}), "ascii")
    partial.replace(file)
