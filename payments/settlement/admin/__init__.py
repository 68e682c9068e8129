"""Houses' money in the back office: statements, payouts, accounts, terms."""

from payments.settlement.admin import accounts, payouts, statements, terms  # noqa: F401 - they register their pages
