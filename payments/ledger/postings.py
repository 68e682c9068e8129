"""What each thing that happens in the trade does to the books: amounts in, entries out, and nothing else.

    services.post(key=…, kind=TransactionKind.CAPTURED, lines=deposit_captured(gateway="paystack", house=7, …), …)

Every posting is put together from moves, and a move takes from one account what it gives to another. So each of them
sums to zero whatever the amounts are. Amounts are kobo and never below zero; what is zero is left out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from payments.ledger import chart
from payments.ledger.chart import AccountName


@dataclass(frozen=True)
class Line:
    """An entry to be: a debit above zero, a credit below."""

    account: AccountName
    amount_kobo: int


Lines = tuple[Line, ...]
# What money stands on: an account, and how much of it. Most payments stand on one.
Sources = Mapping[AccountName, int]


@dataclass(frozen=True)
class Share:
    """What is taken out of a house's sale: Buka's commission with its tax, and the taxes of the sale itself.

    :param taxes: of the house's sale, by the name of the line: what the sum that was paid contains
    :param commission_taxes: of Buka's commission, on top of it
    :param fee_kobo: the part of the gateway's fee that the house bears
    """

    commission_kobo: int = 0
    commission_taxes: Mapping[str, int] | None = None
    taxes: Mapping[str, int] | None = None
    fee_kobo: int = 0


def move(amount_kobo: int, *, debit: AccountName, credit: AccountName) -> Lines:
    """Take an amount from one account to another.

    :raises ValueError: for an amount below zero: whoever means the opposite swaps the accounts
    """
    if amount_kobo < 0:
        raise ValueError(f"An amount is never below zero: {amount_kobo}.")
    if debit.currency != credit.currency:
        raise ValueError(f"Nothing moves from {credit.currency} to {debit.currency}.")
    return (Line(debit, amount_kobo), Line(credit, -amount_kobo))


def together(*postings: Iterable[Line]) -> Lines:
    """Return several postings as one: a line for each account, and none that moves nothing."""
    sums: dict[AccountName, int] = {}
    for line in (line for posting in postings for line in posting):
        sums[line.account] = sums.get(line.account, 0) + line.amount_kobo
    named = sorted(sums, key=lambda account: account.order)
    return tuple(Line(account, sums[account]) for account in named if sums[account])


def opposite(lines: Iterable[Line]) -> Lines:
    """Return what undoes a posting."""
    return together(Line(line.account, -line.amount_kobo) for line in lines)


# --- Money comes in ------------------------------------------------------------------------------------------------


def captured(
    *, gateway: str, amount_kobo: int, into: AccountName, asked_kobo: int | None = None, fee_kobo: int | None = None
) -> Lines:
    """A gateway has taken money. What goes beyond what was asked for belongs to nobody yet.

    :param amount_kobo: what came
    :param into: what it is for
    :param asked_kobo: what was asked for, where that was said
    :param fee_kobo: what the gateway keeps; None while it has not said so: then `fee_told` follows
    """
    surplus = 0 if asked_kobo is None else max(amount_kobo - asked_kobo, 0)
    clearing = chart.gateway_clearing(gateway, into.currency)
    return together(
        move(amount_kobo - surplus, debit=clearing, credit=into),
        move(surplus, debit=clearing, credit=chart.suspense(gateway, into.currency)),
        move(fee_kobo or 0, debit=chart.gateway_fees(gateway, into.currency), credit=clearing),
    )


def deposit_captured(
    *, gateway: str, house: int, amount_kobo: int, asked_kobo: int | None = None, fee_kobo: int | None = None
) -> Lines:
    """A guest has paid on account of a bill."""
    return captured(
        gateway=gateway,
        amount_kobo=amount_kobo,
        into=chart.deposits_held(house),
        asked_kobo=asked_kobo,
        fee_kobo=fee_kobo,
    )


def sale_captured(
    *,
    gateway: str,
    house: int,
    amount_kobo: int,
    asked_kobo: int | None = None,
    fee_kobo: int | None = None,
    share: Share | None = None,
) -> Lines:
    """Tickets, or anything else that is sold when it is paid, are paid for."""
    came = captured(
        gateway=gateway,
        amount_kobo=amount_kobo,
        into=chart.restaurant_payable(house),
        asked_kobo=asked_kobo,
        fee_kobo=fee_kobo,
    )
    return together(came, shared_out(house=house, share=share or Share()))


def late_fee_captured(
    *, gateway: str, house: int, amount_kobo: int, fee_kobo: int | None = None, share: Share | None = None
) -> Lines:
    """A saved card was charged for a no-show or for cancelling late."""
    came = captured(gateway=gateway, amount_kobo=amount_kobo, into=chart.late_fees(house), fee_kobo=fee_kobo)
    return together(came, shared_out(house=house, share=share or Share()))


def unasked_captured(*, gateway: str, amount_kobo: int, fee_kobo: int | None = None) -> Lines:
    """Money has come that nobody asked for, or for something that is no longer there."""
    return captured(gateway=gateway, amount_kobo=amount_kobo, into=chart.suspense(gateway), fee_kobo=fee_kobo)


def suspense_cleared(*, gateway: str, amount_kobo: int, into: AccountName) -> Lines:
    """Money that nobody had asked for has found what it is for."""
    return together(move(amount_kobo, debit=chart.suspense(gateway, into.currency), credit=into))


# --- What it is for ------------------------------------------------------------------------------------------------


def shared_out(*, house: int, share: Share) -> Lines:
    """Take out of a house's sale what is not the house's: commission, taxes, its part of the gateway's fee."""
    payable = chart.restaurant_payable(house)
    parts = [
        move(share.commission_kobo, debit=payable, credit=chart.platform_commission(house)),
        move(share.fee_kobo, debit=payable, credit=chart.fees_passed_on(house)),
    ]
    for tax, kobo in (share.commission_taxes or {}).items():
        parts.append(move(kobo, debit=payable, credit=chart.tax_payable(tax)))
    for tax, kobo in (share.taxes or {}).items():
        parts.append(move(kobo, debit=payable, credit=chart.tax_payable(tax, house)))
    return together(*parts)


def share_returned(*, house: int, share: Share) -> Lines:
    """Put back what was taken out of a sale that is given back."""
    return opposite(shared_out(house=house, share=share))


def deposit_applied(*, house: int, amount_kobo: int, share: Share | None = None) -> Lines:
    """A deposit has become a part of a bill's payment: the guest came."""
    applied = move(amount_kobo, debit=chart.deposits_held(house), credit=chart.restaurant_payable(house))
    return together(applied, shared_out(house=house, share=share or Share()))


def deposit_retained(*, house: int, amount_kobo: int, share: Share | None = None) -> Lines:
    """A deposit stays with the house: the guest did not come, or cancelled too late."""
    kept = move(amount_kobo, debit=chart.deposits_held(house), credit=chart.deposit_retained(house))
    return together(kept, shared_out(house=house, share=share or Share()))


def comped(*, house: int, amount_kobo: int, by_house: bool) -> Lines:
    """The house, or Buka, puts a deposit down in a guest's place: as if it had been paid."""
    giver = chart.comped(house if by_house else None)
    return together(move(amount_kobo, debit=giver, credit=chart.deposits_held(house)))


# --- Money goes back -----------------------------------------------------------------------------------------------


def refund_asked(*, gateway: str, out_of: Sources) -> Lines:
    """Money is promised back: no longer the house's, and not yet the payer's.

    :param out_of: what it stands on now; the sum goes back
    """
    return _out_of(out_of, chart.refunds_pending, gateway)


def refund_done(*, gateway: str, amount_kobo: int, fee_kobo: int = 0, currency: str = chart.NAIRA) -> Lines:
    """A gateway has given back what was asked for; `fee_kobo` is what it took for that."""
    clearing = chart.gateway_clearing(gateway, currency)
    return together(
        move(amount_kobo, debit=chart.refunds_pending(gateway, currency), credit=clearing),
        move(fee_kobo, debit=chart.gateway_fees(gateway, currency), credit=clearing),
    )


def refund_failed(*, gateway: str, out_of: Sources) -> Lines:
    """A refund that was asked for did not happen: the money stands where it stood."""
    return opposite(refund_asked(gateway=gateway, out_of=out_of))


def refund_taken_in(*, gateway: str, out_of: Sources) -> Lines:
    """Somebody has given money back at the gateway itself: it is gone by the time that we hear of it."""
    return _out_of(out_of, chart.gateway_clearing, gateway)


def dispute_opened(*, gateway: str, out_of: Sources) -> Lines:
    """A payer's bank wants money back: until that is decided it is nobody's."""
    return _out_of(out_of, chart.disputes_pending, gateway)


def dispute_won(*, gateway: str, out_of: Sources) -> Lines:
    """The bank has let go: the money stands where it stood."""
    return opposite(dispute_opened(gateway=gateway, out_of=out_of))


def dispute_lost(*, gateway: str, amount_kobo: int, fee_kobo: int = 0, currency: str = chart.NAIRA) -> Lines:
    """The bank has taken it; `fee_kobo` is what the gateway charges for having been asked."""
    clearing = chart.gateway_clearing(gateway, currency)
    return together(
        move(amount_kobo, debit=chart.disputes_pending(gateway, currency), credit=clearing),
        move(fee_kobo, debit=chart.gateway_fees(gateway, currency), credit=clearing),
    )


# --- The gateway's fee ---------------------------------------------------------------------------------------------


def fee_told(*, gateway: str, fee_kobo: int, before_kobo: int = 0, currency: str = chart.NAIRA) -> Lines:
    """A gateway says, or says again, what it keeps of a payment; `before_kobo` is what the books have so far."""
    fees, clearing = chart.gateway_fees(gateway, currency), chart.gateway_clearing(gateway, currency)
    return together(
        move(fee_kobo, debit=fees, credit=clearing),
        move(before_kobo, debit=clearing, credit=fees),
    )


def fee_passed_on(*, house: int, fee_kobo: int) -> Lines:
    """A house bears a fee, or a part of it."""
    return shared_out(house=house, share=Share(fee_kobo=fee_kobo))


# --- Money goes out ------------------------------------------------------------------------------------------------


def settled(
    *,
    gateway: str,
    bank_kobo: int = 0,
    houses: Mapping[int, int] | None = None,
    fee_kobo: int = 0,
    bank: str = "",
    currency: str = chart.NAIRA,
) -> Lines:
    """A gateway has paid out: to Buka's bank account, and straight to houses.

    :param houses: what each was paid out of what Buka owes it, by its key; what was divided is not owed (`divided`)
    :param fee_kobo: what the gateway took for paying out
    """
    clearing = chart.gateway_clearing(gateway, currency)
    parts = [
        move(bank_kobo, debit=chart.bank(bank, currency), credit=clearing),
        move(fee_kobo, debit=chart.gateway_fees(gateway, currency), credit=clearing),
    ]
    for house, kobo in (houses or {}).items():
        parts.append(move(kobo, debit=chart.restaurant_payable(house), credit=clearing))
    return together(*parts)


def divided(*, gateway: str, house: int, amount_kobo: int, subaccount: str = "") -> Lines:
    """A gateway gives a house its part of a sale itself: Buka owes it no more, and the gateway owes Buka no more of it.

    :param subaccount: where the gateway tells later what it has paid there: it owes it to this one until then
    """
    clearing = chart.subaccount_clearing(gateway, subaccount) if subaccount else chart.gateway_clearing(gateway)
    return together(move(amount_kobo, debit=chart.restaurant_payable(house), credit=clearing))


def subaccount_settled(*, gateway: str, subaccount: str, amount_kobo: int) -> Lines:
    """A gateway has paid to a house's subaccount what it had divided."""
    owed = chart.subaccount_clearing(gateway, subaccount)
    return together(move(amount_kobo, debit=owed, credit=chart.gateway_clearing(gateway)))


def paid_out(*, house: int, amount_kobo: int, bank: str = "", gateway: str = "", fee_kobo: int = 0) -> Lines:
    """Buka has paid a house from its own bank account, or out of what a gateway holds for it.

    :param gateway: which has sent it, and taken `fee_kobo` for that
    """
    if not gateway:
        return together(move(amount_kobo, debit=chart.restaurant_payable(house), credit=chart.bank(bank)))
    clearing = chart.gateway_clearing(gateway)
    return together(
        move(amount_kobo, debit=chart.restaurant_payable(house), credit=clearing),
        move(fee_kobo, debit=chart.gateway_fees(gateway), credit=clearing),
    )


def tax_paid(*, tax: str, amount_kobo: int, house: int | None = None, bank: str = "") -> Lines:
    """Buka has paid a tax to the state: its own, or a house's on its behalf."""
    return together(move(amount_kobo, debit=chart.tax_payable(tax, house), credit=chart.bank(bank)))


# --- Points --------------------------------------------------------------------------------------------------------


def points_awarded(*, owner_id: UUID, points: int, programme: str = "") -> Lines:
    """A diner has collected points."""
    return together(move(points, debit=chart.points_issued(programme), credit=chart.points(owner_id)))


def points_spent(*, owner_id: UUID, points: int, programme: str = "") -> Lines:
    """A diner has spent points, or they have run out."""
    return opposite(points_awarded(owner_id=owner_id, points=points, programme=programme))


# --- Sums ----------------------------------------------------------------------------------------------------------


def left_of(lines: Iterable[Line]) -> int:
    """Return what these lines, of one payment, leave to be given back (`chart.LEFT_OF_A_PAYMENT`)."""
    return sum(line.amount_kobo for line in lines if line.account.kind in chart.LEFT_OF_A_PAYMENT)


def _out_of(sources: Sources, kind: Callable[[str, str], AccountName], gateway: str) -> Lines:
    parts = [move(kobo, debit=source, credit=kind(gateway, source.currency)) for source, kobo in sources.items()]
    return together(*parts)
