"""What is refused about houses' money."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound


class AccountNotFound(DomainError):
    """The bank knows no such account."""

    code = "payout_account_not_found"
    message = _("The bank knows no account with this number. Please check both.")
    status = 400


class NameUnknownNow(DomainError):
    """No gateway can be asked whose account it is."""

    code = "payout_account_name_unknown"
    message = _("We cannot ask the bank just now. Please try again in a few minutes.")
    status = 503


class SameAccount(DomainError):
    code = "payout_account_same"
    message = _("Payouts go to this account already.")
    status = 409


class AccountOver(DomainError):
    """It is in use already, or ended; too late to call it off."""

    code = "payout_account_over"
    message = _("This change cannot be called off any more.")
    status = 409


class NoAccount(DomainError):
    """The house has named no account, or its waiting time is not over."""

    code = "payout_no_account"
    message = _("The restaurant has no account for payouts that is in use.")
    status = 409


class NothingToPayOut(DomainError):
    """`owed_kobo` is below zero, or less than is paid out at once."""

    code = "payout_nothing_due"
    message = _("The restaurant is owed less than is paid out at once.")
    status = 409


class PayoutUnderWay(DomainError):
    code = "payout_under_way"
    message = _("Another payout of this restaurant has not ended yet, or this period is paid.")
    status = 409


class TwoPeopleNeeded(DomainError):
    code = "payout_two_people_needed"
    message = _("Whoever drafted a payout does not approve it: please ask somebody else.")
    status = 403


class PayoutOver(DomainError):
    code = "payout_over"
    message = _("This payout is not at the point where that could be done.")
    status = 409


class TermsTooLate(DomainError):
    """Sales were made by the terms that hold today."""

    code = "settlement_terms_too_late"
    message = _("Terms change from tomorrow on at the earliest: sales were made by those that hold today.")
    status = 409


class NoSuchStatement(NotFound):
    code = "statement_not_found"
    message = _("There is no such restaurant, or its money is not yours to see.")


class BadPeriod(DomainError):
    code = "statement_bad_period"
    message = _("Please choose a time that begins before it ends, of a year at the most.")
    status = 400
