"""What a gateway does later by its clock: written down now, done when its time has come."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.utils import OperationalError

from sandbox.gateways import clock
from sandbox.gateways.models import Due
from sandbox.gateways.registry import GATEWAYS
from sandbox.gateways.store import writing

log = logging.getLogger("sandbox.gateways")
MOST_AT_ONCE = 500


def later(gateway: str, action: str, at: datetime, **arguments: Any) -> None:
    """Have the gateway do one of its actions at a moment of its clock; call it in the transaction that decides it.

    Besides its own actions each gateway has those of its checkout: `transfer` and `ussd`.
    """
    Due.objects.create(gateway=gateway, action=action, arguments=arguments, due_at=at)


def work_off() -> int:
    """Do what is due, in the order in which it became due; return how much it was."""
    done = 0
    while done < MOST_AT_ONCE:
        row = Due.objects.filter(due_at__lte=clock.now()).first()
        if row is None:
            return done
        try:
            with writing():
                # Somebody else may have done it meanwhile.
                if Due.objects.filter(pk=row.pk).delete()[0]:
                    _do(row)
                    done += 1
        except OperationalError:
            # The row stays and is tried again.
            raise
        except Exception:
            # One that cannot be done must not hold up all the others.
            log.exception("%s could not do what was due: %s", row.gateway, row.action)
            Due.objects.filter(pk=row.pk).delete()
    return done


def _do(row: Due) -> None:
    gateway = GATEWAYS[row.gateway]
    till = gateway.till
    actions: dict[str, Callable[..., None]] = {"transfer": till.transfer, "ussd": till.ussd, **gateway.actions}
    actions[row.action](**row.arguments)
