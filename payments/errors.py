"""What is refused about money."""

from django.utils.translation import gettext_lazy as _

from core.errors import Busy, DomainError, NotFound, Unavailable


class NoSuchPayment(NotFound):
    code = "payment_not_found"
    message = _("We could not find this payment.")


class NoSuchRequest(NotFound):
    code = "payment_request_not_found"
    message = _("We could not find what is to be paid. Please open the link again, or ask who sent it to you.")


class NothingToPay(DomainError):
    """Nothing is asked for any more: it is paid, called off, or too late."""

    code = "payment_nothing_due"
    message = _("Nothing is to be paid for this any more.")


class PaymentIsChecked(Busy):
    """An attempt may have taken money; nobody is asked to pay again before its bank has answered."""

    code = "payment_being_checked"
    message = _("We are still checking your payment with your bank. Please do not pay again: this page will tell you.")


class NoGateway(Unavailable):
    """No gateway can be reached; nothing has been paid."""

    code = "payment_gateways_unavailable"
    message = _("Paying online is not possible for a moment. Nothing has been charged. Please try again soon.")


class GatewayRefused(DomainError):
    """The gateway said no to what we asked; nothing has been paid."""

    code = "payment_refused_by_gateway"
    message = _("The payment could not be begun. Nothing has been charged.")
    status = 422


class TooLittleTime(DomainError):
    """The table is not held long enough for this way of paying."""

    code = "payment_too_little_time"
    message = _("There is too little time left for this way of paying. Please choose another.")


class NoEmail(DomainError):
    code = "payment_email_missing"
    message = _("The bank's page needs an e-mail address. Please write yours.")
    status = 400


class RefundTooLarge(DomainError):
    """More than is left; details: `left` in kobo."""

    code = "refund_too_large"
    message = _("That is more than can still be given back of this payment.")


class NotRefundable(DomainError):
    code = "payment_not_refundable"
    message = _("No money has come for this payment.")


class PaymentMovedOn(DomainError):
    """Money of it went back since the page was opened; details: `left` in kobo."""

    code = "payment_moved_on"
    message = _("Meanwhile somebody else has given money of this payment back. Look at what is left now.")


class NotAnAmount(DomainError):
    code = "payment_not_an_amount"
    message = _("Write an amount above nothing.")
    status = 400


class SharesDoNotFit(DomainError):
    """The shares do not add up to what is still to be paid; details: `missing` in kobo."""

    code = "payment_shares_do_not_fit"
    message = _("The shares do not add up to what is still to be paid.")
    status = 400


class NotShareable(DomainError):
    code = "payment_not_shareable"
    message = _("This cannot be shared among several people.")
