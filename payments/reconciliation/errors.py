"""What is refused about differences with gateways."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError


class NotOpen(DomainError):
    code = "finding_not_open"
    message = _("This difference is closed already, or another one than you think.")
    status = 409


class NoteMissing(DomainError):
    code = "finding_note_missing"
    message = _("Write down what you found out.")
    status = 422


class NoSuchAccount(DomainError):
    code = "no_such_gateway_account"
    message = _("Buka has no account at this gateway.")
    status = 422


class DayNotOver(DomainError):
    code = "day_not_begun"
    message = _("There is nothing to compare on this day yet.")
    status = 422
