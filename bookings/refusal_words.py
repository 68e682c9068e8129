"""A refusal in words: its sentence with the facts that help at the desk."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from localization import formatting


def said_by(refusal: DomainError) -> str:
    """Return a refusal's sentence with the tables it is about and the times that are free."""
    if isinstance(refusal, InvalidInput) and refusal.errors:
        return " ".join(str(sentence) for sentences in refusal.errors.values() for sentence in sentences)
    sentence = str(refusal)
    if tables := refusal.details.get("tables"):
        sentence = _with_tables(sentence, tables)
    free = [datetime.fromisoformat(each["starts_at"]) for each in refusal.details.get("alternatives", [])]
    if free:
        times = formatting.list_of(_in_words(free))
        sentence = _("%(sentence)s Free: %(times)s.") % {"sentence": sentence, "times": times}
    return sentence


def names_tables(sentence: str, tables: Sequence[str]) -> bool:
    """Tell whether a refusal's sentence, as `said_by` wrote it, is about these very tables."""
    return _with_tables("", tables).strip() in sentence


def _with_tables(sentence: str, tables: Sequence[str]) -> str:
    return _("%(sentence)s (%(tables)s)") % {"sentence": sentence, "tables": formatting.list_of(tables)}


def _in_words(moments: Iterable[datetime]) -> Iterator[str]:
    """Write each time, with its day where that is another than the last one said; today goes without saying."""
    said = None
    for moment in sorted(moments):
        here = formatting.in_zone(moment)
        day = here.date()
        if said is None:
            said = timezone.now().astimezone(here.tzinfo).date()
        yield formatting.time_of_day(here) if day == said else formatting.day_and_time(here)
        said = day
