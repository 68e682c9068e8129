"""A refusal in words: its sentence with the facts that help at the desk."""

from datetime import datetime

from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput
from localization import formatting


def said_by(refusal: DomainError) -> str:
    """Return a refusal's sentence with the tables it is about and the times that are free."""
    if isinstance(refusal, InvalidInput) and refusal.errors:
        return " ".join(str(sentence) for sentences in refusal.errors.values() for sentence in sentences)
    sentence = str(refusal)
    if tables := refusal.details.get("tables"):
        sentence = _("%(sentence)s (%(tables)s)") % {"sentence": sentence, "tables": formatting.list_of(tables)}
    times = [
        formatting.time_of_day(datetime.fromisoformat(free["starts_at"]))
        for free in refusal.details.get("alternatives", [])
    ]
    if times:
        sentence = _("%(sentence)s Free: %(times)s.") % {"sentence": sentence, "times": ", ".join(times)}
    return sentence
