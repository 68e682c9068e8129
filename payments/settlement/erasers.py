"""Where a business is paid does not go with an owner's account: this says why nothing of it is erased."""

_pseudonym = "The row it leads to holds nothing of the person any more."
_business = (
    "The account of a business, which goes on being paid; a record of its payments, kept for six years after it was "
    "used last (Companies and Allied Matters Act 2020, s. 375), and emptied then."
)
NOT_ERASED = {
    "settlement.SettlementTerms.per_guest_kobo": "A price; it says nothing of any guest.",
    "settlement.Subaccount": "A gateway's code for a business's account; it names nobody.",
    "settlement.PayoutAccount.number": _business,
    "settlement.PayoutAccount.holder": _business,
    "settlement.PayoutAccount.named_by": _pseudonym,
    "settlement.PayoutAccount.ended_by": _pseudonym,
    "settlement.Payout": "A part of the books, kept for six years; it names nobody.",
    "settlement.Payout.made_by": _pseudonym,
    "settlement.Payout.approved_by": _pseudonym,
    "settlement.SettlementTerms.made_by": _pseudonym,
    "settlement.SplitCharge": "A part of the books, kept for six years; it names nobody.",
}
