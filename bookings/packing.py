"""Who sits where, so that one more party fits: a free seating, else others moved aside, else the exact answer.

Pure rules over plain values. The promise (docs/domains/bookings.md): a party is refused for want of room only when no
arrangement of *all* accepted parties together with it exists. A free seating answers most questions, moving a few
parties most of the rest; what is left is counted, first for the newcomer's stay alone, then for everybody's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bookings import pools, solving

# How far a party's move may push others, and how many arrangements are tried: few before the tables of the newcomer's
# stay are counted, which is what ends most searches, and many before those of the whole evening are.
DEEPEST = 3
FEW_TRIES, MOST_TRIES = 40, 400
MOST_MOVED_AT_ONCE = 3


Tables = tuple[int, ...]
"""The keys of one table, or of those of a combination."""


@dataclass(frozen=True, slots=True)
class Party:
    """An accepted party whose table has not been promised: when it sits, and what it could sit at, best first.

    `bits` is its stretch of the service day, buffer included, as in `availability.Occupancy`.
    """

    key: int
    bits: int
    options: tuple[Tables, ...]
    table_ids: Tables


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Tables for the new party, and the parties that move for it with where they go."""

    table_ids: Tables
    moves: dict[int, Tables] = field(default_factory=dict)


def find_room(
    taken: Mapping[int, int],
    parties: Sequence[Party],
    bits: int,
    options: Sequence[Tables],
    *,
    exact: bool = True,
) -> Arrangement | None:
    """Return where the new party can sit and who moves for it; None when no arrangement of all of them exists.

    :param taken: by table, what cannot be moved: promised tables, seated parties, blocks
    :param options: what the new party could sit at, best first
    :param exact: False for a quick look that moves a few parties at most; None then says nothing for certain
    """
    floor = _Floor(taken, parties)
    for table_ids in options:
        if floor.is_free(table_ids, bits):
            return Arrangement(table_ids)
    options = [table_ids for table_ids in options if floor.could_be_free(table_ids, bits)]
    if not options:
        return None
    found = floor.squeeze_in(bits, options, tries=FEW_TRIES)
    if found is not None or not exact:
        return found
    newcomer = Party(0, bits, tuple(options), ())
    # Whoever is gone before the newcomer comes is left out: that can only make room, so a no stands.
    meanwhile = pools.gather(taken, [newcomer, *(party for party in parties if party.bits & bits)], bits)
    if not solving.may_suffice(meanwhile.rooms, meanwhile.crowds):
        return None
    return floor.squeeze_in(bits, options, tries=MOST_TRIES) or _solved(taken, newcomer, parties)


def _solved(taken: Mapping[int, int], newcomer: Party, parties: Sequence[Party]) -> Arrangement | None:
    """Return the exact answer, for all parties that are there before the room has been empty once."""
    span, met = newcomer.bits, [newcomer]
    rest = list(parties)
    while near := [party for party in rest if party.bits & span]:
        met += near
        rest = [party for party in rest if not party.bits & span]
        for party in near:
            span |= party.bits
    gathered = pools.gather(taken, met, span)
    shares = solving.share_out(gathered.rooms, gathered.crowds)
    if shares is None:
        return None
    places = pools.laid_out(gathered, shares)
    moves = {party.key: places[party.key] for party in met[1:] if places[party.key] != party.table_ids}
    return Arrangement(places[0], moves)


class _Floor:
    """The room as it stands while parties are moved about."""

    def __init__(self, taken: Mapping[int, int], parties: Iterable[Party]) -> None:
        self.taken = taken
        self.parties = list(parties)
        self.masks = dict(taken)
        self.at: dict[int, Tables] = {}
        self.sitting: dict[int, dict[int, Party]] = {}
        self.tries = 0
        self.steps: list[tuple[Party, Tables | None]] = []
        """Where each party sat before it was put down or taken away, to go back."""
        for party in self.parties:
            self._put(party, party.table_ids)

    def _put(self, party: Party, table_ids: Tables) -> None:
        self.at[party.key] = table_ids
        self.steps.append((party, None))
        for table_id in table_ids:
            self.masks[table_id] = self.masks.get(table_id, 0) | party.bits
            self.sitting.setdefault(table_id, {})[party.key] = party

    def _take_away(self, party: Party) -> None:
        table_ids = self.at.pop(party.key)
        self.steps.append((party, table_ids))
        for table_id in table_ids:
            self.masks[table_id] &= ~party.bits
            del self.sitting[table_id][party.key]

    def is_free(self, table_ids: Iterable[int], bits: int) -> bool:
        return not any(self.masks.get(table_id, 0) & bits for table_id in table_ids)

    def could_be_free(self, table_ids: Iterable[int], bits: int) -> bool:
        return not any(self.taken.get(table_id, 0) & bits for table_id in table_ids)

    def in_the_way(self, table_ids: Iterable[int], bits: int) -> dict[int, Party]:
        return {
            key: party
            for table_id in table_ids
            for key, party in self.sitting.get(table_id, {}).items()
            if party.bits & bits
        }

    def squeeze_in(self, bits: int, options: Sequence[Tables], *, tries: int) -> Arrangement | None:
        """Return an arrangement reached by moving few parties, each to a place it fits; None when none was found."""
        self.tries = tries
        newcomer = Party(0, bits, tuple(options), ())
        if not self._settle(newcomer, settled={0}, depth=DEEPEST):
            return None
        moves = {party.key: self.at[party.key] for party in self.parties if self.at[party.key] != party.table_ids}
        return Arrangement(self.at[0], moves)

    def _settle(self, party: Party, *, settled: set[int], depth: int) -> bool:
        """Put a party down, moving aside whoever has not been settled yet; leave all as it was when that fails."""
        options = [table_ids for table_ids in party.options if self.could_be_free(table_ids, party.bits)]
        for table_ids in options:
            if self.is_free(table_ids, party.bits):
                if self.tries <= 0:
                    return False
                self.tries -= 1
                self._put(party, table_ids)
                settled.add(party.key)
                return True
        if not depth:
            return False
        costs = []
        for rank, table_ids in enumerate(options):
            others = self.in_the_way(table_ids, party.bits)
            if len(others) <= MOST_MOVED_AT_ONCE and settled.isdisjoint(others):
                costs.append((len(others), rank, table_ids, others))
        costs.sort(key=lambda cost: cost[:2])
        for _count, _rank, table_ids, others in costs:
            if self.tries <= 0:
                return False
            self.tries -= 1
            if self._make_way(party, table_ids, others, settled=settled, depth=depth):
                return True
        return False

    def _make_way(
        self, party: Party, table_ids: Tables, others: dict[int, Party], *, settled: set[int], depth: int
    ) -> bool:
        mark, known = len(self.steps), set(settled)
        for other in others.values():
            self._take_away(other)
        self._put(party, table_ids)
        settled |= {party.key, *others}
        # Whoever has fewest places to go is placed first.
        for other in sorted(others.values(), key=lambda other: len(other.options)):
            if not self._settle(other, settled=settled, depth=depth - 1):
                self._go_back(mark)
                settled.clear()
                settled |= known
                return False
        return True

    def _go_back(self, mark: int) -> None:
        """Undo what has been done since there were so many steps."""
        while len(self.steps) > mark:
            party, table_ids = self.steps.pop()
            if table_ids is None:
                self._take_away(party)
            else:
                self._put(party, table_ids)
            self.steps.pop()
