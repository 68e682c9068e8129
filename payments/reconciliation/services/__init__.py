"""Everything that can be done about comparing with gateways."""

from payments.reconciliation.services.findings import close, take_fee_over
from payments.reconciliation.services.houses import name_houses
from payments.reconciliation.services.runs import begin, begin_night, go_on, go_on_with_due, look_after_ours

__all__ = [
    "begin",
    "begin_night",
    "close",
    "go_on",
    "go_on_with_due",
    "look_after_ours",
    "name_houses",
    "take_fee_over",
]
