"""Forgetting again whom a restored backup has brought back."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.privacy.models import Erased, Erasure
from accounts.privacy.services import erasing, forgotten
from accounts.privacy.states import ERASURE_OPEN, ErasureStatus
from core import audit
from core.encryption import index_keys

# How often, and how long, a replay looks whether the worker that holds an erasure has finished it.
PAUSE = timedelta(seconds=1)
MOST_WAITING = 5 * erasing.LEASE


class KeysMissing(Exception):
    """Entries were made with keys that are not given: whether those people have come back nobody can tell.

    :param back: how many of the others had come back, and are forgotten again
    :param missing: how many entries there are by the name of their key
    """

    def __init__(self, *, back: int, missing: Counter[str]) -> None:
        self.back, self.missing = back, missing
        counts = ", ".join(f"{count} with {name}" for name, count in sorted(missing.items()))
        super().__init__(
            f"Entries were made with keys that this Buka does not have ({counts}): those people may be back. "
            "Do not serve this database. Put the keys of that day into BLIND_INDEX_OLD_KEYS and run this again. "
            f"Of the others {back} had come back and are forgotten again."
        )


def replay_erasures(*, entries: Iterable[dict[str, Any]] | None = None) -> tuple[int, int]:
    """Forget again whom a restored backup has brought back; before it serves anybody.

    :param entries: of the list; left out, those in the database and beside it
    :return: how many entries there are, and how many people had come back
    :raises KeysMissing: after everybody else is forgotten, when entries cannot be compared with anybody
    """
    keys = index_keys()
    known = {str(entry.erasure_id): forgotten.as_json(entry) for entry in Erased.objects.all()}
    given = forgotten.listed_outside() if entries is None else list(entries)
    listed = known | {entry["erasure_id"]: entry for entry in given}
    accounts = {entry["fingerprint"]: entry for entry in listed.values() if entry["kind"] == Erased.Kind.ACCOUNT}
    back = [
        _forget_again(entry, user=user)
        for user in User.objects.order_by("pk").iterator(chunk_size=2000)
        if (entry := _entry_of(user, accounts, keys.values())) is not None
    ]
    back += [
        _forget_again(entry, user=None)
        for entry in listed.values()
        if entry["kind"] == Erased.Kind.GUEST and entry["erasure_id"] not in known
    ]
    for entry in listed.values():
        Erased.objects.get_or_create(
            erasure_id=entry["erasure_id"],
            fingerprint=entry["fingerprint"],
            defaults={
                "kind": entry["kind"],
                "key_name": entry.get("key_name", ""),
                "rows": entry["rows"],
                "pseudonym": entry["pseudonym"],
                "erased_at": entry["erased_at"],
            },
        )
    if back:
        audit.record("privacy.erasures_replayed", details={"people": len(back)})
    # Entries from before keys were named say nothing of theirs; they are compared under every key there is.
    names = Counter(entry.get("key_name", "") for entry in accounts.values())
    if missing := Counter({name: count for name, count in names.items() if name and name not in keys}):
        raise KeysMissing(back=len(back), missing=missing)
    return len(listed), len(back)


def _entry_of(user: User, accounts: dict[str, dict[str, Any]], keys: Iterable[bytes]) -> dict[str, Any] | None:
    """Return the entry of a person, under whichever key; one who was forgotten twice may have one under each."""
    fingerprints = (forgotten.fingerprint_of(user.public_id, key=key) for key in keys)
    return next((accounts[each] for each in fingerprints if each in accounts), None)


def _forget_again(entry: dict[str, Any], *, user: User | None) -> Erasure:
    now = timezone.now()
    erasure = None
    if user is not None:
        erasure = Erasure.objects.filter(user=user, status__in=ERASURE_OPEN).first()
    if erasure is None:
        erasure = Erasure(user=user, language=user.language if user else "en", due_at=now)
        erasure.receipt = {"rows": entry["rows"]}
    erasure.is_replay, erasure.next_attempt_at, erasure.last_error = True, now, ""
    if erasure.pk:
        # Only these: a worker may be at the same row, and its notes of what it has done must stand.
        erasure.save(update_fields=["is_replay", "next_attempt_at", "last_error"])
    else:
        erasure.save()
    give_up = time.monotonic() + MOST_WAITING.total_seconds()
    while not erasing.run(erasure_id=erasure.pk, budget=timedelta(hours=1)):
        erasure.refresh_from_db()
        if erasure.status == ErasureStatus.DONE:
            break
        if erasure.last_error or not erasure.is_open:
            raise RuntimeError(f"Erasure {erasure.public_id} did not go through: {erasure.last_error}")
        if time.monotonic() >= give_up:
            raise RuntimeError(f"Erasure {erasure.public_id} is held by another worker; run this again later.")
        # Another worker is at it: it finishes, or its lease runs out and the next round takes over.
        time.sleep(PAUSE.total_seconds())
    return erasure
