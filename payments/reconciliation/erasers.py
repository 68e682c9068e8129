"""What is found in comparing with gateways names nobody; this says why nothing of it is erased."""

_pseudonym = "The row it leads to holds nothing of the person any more."

NOT_ERASED = {
    "reconciliation.Sighting": "A number that a gateway has listed; it names nobody.",
    "reconciliation.Finding": "A part of the books, kept for six years; it names nobody.",
    "reconciliation.Finding.closed_by": _pseudonym,
    "reconciliation.Run.asked_by": _pseudonym,
}
