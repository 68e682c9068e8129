"""The history of single rows, kept by triggers: what update(), bulk_create() and plain SQL change is seen as well.

    @keeps_history("MembershipHistory", verbose_name=_("history of a membership"))
    class Membership(models.Model): ...

The history's rows say what stood there when; who did it stands in the audit trail at the same moment. They are
append-only.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pghistory
import pgtrigger
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

_Model = TypeVar("_Model", bound=type[Model])
_WORDS = {"added": _("Added"), "changed": _("Changed"), "removed": _("Removed")}


def keeps_history(name: str, *, verbose_name: Any, exclude: tuple[str, ...] = ()) -> Callable[[_Model], _Model]:
    """Track a model's rows in a model of this name beside it; each row of that is called by what happened when.

    :param exclude: fields that the history does without
    """
    kept: Callable[[_Model], _Model] = pghistory.track(
        pghistory.InsertEvent("added"),
        pghistory.UpdateEvent("changed"),
        pghistory.DeleteEvent("removed"),
        model_name=name,
        exclude=list(exclude),
        append_only=True,
        context_field=None,  # type: ignore[arg-type]
        context_id_field=None,  # type: ignore[arg-type]
        attrs={"__str__": _told},
        meta={
            "verbose_name": verbose_name,
            "verbose_name_plural": verbose_name,
            "ordering": ["-pgh_id"],
            "triggers": [never_emptied()],
        },
    )
    return kept


def never_emptied() -> pgtrigger.Trigger:
    """Return the trigger that refuses TRUNCATE, for the Meta of models whose rows are proof."""
    return pgtrigger.Trigger(
        name="no_truncate",
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        level=pgtrigger.Statement,
        func="RAISE EXCEPTION 'TRUNCATE of % is refused: history is append-only', TG_TABLE_NAME;",
    )


def _told(row: Any) -> str:
    when = date_format(timezone.localtime(row.pgh_created_at), "DATETIME_FORMAT")
    return _now("%(what)s on %(when)s") % {"what": _WORDS.get(row.pgh_label, row.pgh_label), "when": when}
