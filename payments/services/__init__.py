"""Everything that can be done about money."""

from payments.services.asking import close_requests, request_payment, share
from payments.services.beginning import begin
from payments.services.desk import ask_about_refund, ask_gateway, refund_at_desk, replay_webhook
from payments.services.journal import take_in, work_off, work_off_due
from payments.services.refunding import (
    ask_again,
    give_back,
    lock_subject,
    look_after_refund,
    look_after_refunds,
    refund,
)
from payments.services.reviewing import credit, note_end_of_deposit, refuse_payment, release_payment
from payments.services.settling import check_due, settle

__all__ = [
    "ask_about_refund",
    "ask_again",
    "ask_gateway",
    "begin",
    "check_due",
    "close_requests",
    "credit",
    "give_back",
    "lock_subject",
    "look_after_refund",
    "look_after_refunds",
    "note_end_of_deposit",
    "refund",
    "refund_at_desk",
    "refuse_payment",
    "release_payment",
    "replay_webhook",
    "request_payment",
    "settle",
    "share",
    "take_in",
    "work_off",
    "work_off_due",
]
