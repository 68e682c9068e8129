"""Who sits where, so that one more party fits: a free seating, else others moved aside, else the exact answer.

Pure rules over plain values. The promise (docs/domains/bookings.md): a party is refused for want of room only when no
arrangement of *all* accepted parties together with it exists. A free seating answers most questions, moving a few
parties most of the rest; what is left is counted, and then solved by CP-SAT.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bookings import solving

# How far a party's move may push others, and how many arrangements are tried: few before all tables are counted, which
# is what ends most searches, and many before the solver is asked for real tables, which takes longest.
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
    narrowed = _narrowed_by_kind(floor, [newcomer, *parties])
    if narrowed is None:
        return None
    # Most arrangements by kinds of tables can be made of real ones; the few that cannot are no answer yet.
    return (
        floor.squeeze_in(bits, options, tries=MOST_TRIES)
        or _solved(taken, narrowed)
        or _solved(taken, [newcomer, *parties])
    )


class _Floor:
    """The room as it stands while parties are moved about."""

    def __init__(self, taken: Mapping[int, int], parties: Iterable[Party]) -> None:
        self.taken = taken
        self.parties = list(parties)
        self.masks = dict(taken)
        self.at: dict[int, Tables] = {}
        self.sitting: dict[int, dict[int, Party]] = {}
        self.tries = 0
        for party in self.parties:
            self._put(party, party.table_ids)

    def _put(self, party: Party, table_ids: Tables) -> None:
        self.at[party.key] = table_ids
        for table_id in table_ids:
            self.masks[table_id] = self.masks.get(table_id, 0) | party.bits
            self.sitting.setdefault(table_id, {})[party.key] = party

    def _take_away(self, party: Party) -> None:
        for table_id in self.at.pop(party.key):
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
        before = dict(self.at)
        if not self._settle(newcomer, settled={0}, depth=DEEPEST):
            return None
        moves = {key: tables for key, tables in self.at.items() if key and tables != before[key]}
        return Arrangement(self.at[0], moves)

    def _settle(self, party: Party, *, settled: set[int], depth: int) -> bool:
        """Put a party down, moving aside whoever has not been settled yet; leave all as it was when that fails."""
        costs = []
        for rank, table_ids in enumerate(party.options):
            if self.could_be_free(table_ids, party.bits):
                others = self.in_the_way(table_ids, party.bits)
                if len(others) <= (MOST_MOVED_AT_ONCE if depth else 0) and settled.isdisjoint(others):
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
        before = dict(self.at)
        known = set(settled)
        for other in others.values():
            self._take_away(other)
        self._put(party, table_ids)
        settled |= {party.key, *others}
        # Whoever has fewest places to go is placed first.
        for other in sorted(others.values(), key=lambda other: len(other.options)):
            if not self._settle(other, settled=settled, depth=depth - 1):
                self._restore(before, party, others)
                settled.clear()
                settled |= known
                return False
        return True

    def _restore(self, before: dict[int, Tables], party: Party, others: dict[int, Party]) -> None:
        changed = [key for key, tables in self.at.items() if before.get(key) != tables]
        known = {other.key: other for other in [*self.parties, party, *others.values()]}
        for key in changed:
            self._take_away(known[key])
        for key, tables in before.items():
            if self.at.get(key) != tables:
                self._put(known[key], tables)


# --- All of them at once -------------------------------------------------------------------------------------

_Choice = tuple[tuple[int, int], ...]


def _narrowed_by_kind(floor: _Floor, everybody: Sequence[Party]) -> list[Party] | None:
    """Return the parties with the options of one kind each, so that tables suffice by number and kind.

    None when they do not suffice, however parties are moved: then no arrangement exists.
    """
    kinds = _kinds_of_tables(everybody)
    alike: dict[tuple[int, tuple[_Choice, ...]], list[tuple[Party, dict[_Choice, list[Tables]]]]] = {}
    for party in everybody:
        by_choice: dict[_Choice, list[Tables]] = {}
        for table_ids in party.options:
            if floor.could_be_free(table_ids, party.bits):
                choice = tuple(sorted(Counter(kinds[table_id] for table_id in table_ids).items()))
                by_choice.setdefault(choice, []).append(table_ids)
        alike.setdefault((party.bits, tuple(sorted(by_choice))), []).append((party, by_choice))
    crowds = [solving.Crowd(stretch, len(members), choices) for (stretch, choices), members in alike.items()]
    room = {
        instant: Counter(kind for table_id, kind in kinds.items() if not floor.taken.get(table_id, 0) & instant)
        for instant in {crowd.bits & -crowd.bits for crowd in crowds}
    }
    if not solving.may_suffice(room, crowds):
        return None
    shares = solving.share_out(room, crowds)
    if shares is None:
        return None
    narrowed = {}
    for crowd, members, numbers in zip(crowds, alike.values(), shares, strict=True):
        choices = [choice for choice, number in zip(crowd.choices, numbers, strict=True) for _time in range(number)]
        for (party, by_choice), choice in zip(members, choices, strict=True):
            narrowed[party.key] = replace(party, options=tuple(by_choice[choice]))
    return [narrowed[party.key] for party in everybody]


def _kinds_of_tables(parties: Iterable[Party]) -> dict[int, int]:
    """Return a number for each table; those have the same that every party would take alike on their own."""
    takers: dict[int, set[int]] = {}
    for index, options in enumerate({party.options for party in parties}):
        for table_ids in options:
            for table_id in table_ids:
                takers.setdefault(table_id, set())
            if len(table_ids) == 1:
                takers[table_ids[0]].add(index)
    numbers: dict[frozenset[int], int] = {}
    return {table_id: numbers.setdefault(frozenset(indexes), len(numbers)) for table_id, indexes in takers.items()}


def _solved(taken: Mapping[int, int], everybody: Sequence[Party]) -> Arrangement | None:
    """Return the exact answer for the first of these parties with all the others."""
    places = solving.seat_all(
        taken,
        [solving.Wish(party.bits, party.options, party.table_ids) for party in everybody],
    )
    if places is None:
        return None
    moves = {
        party.key: table_ids
        for party, table_ids in zip(everybody[1:], places[1:], strict=True)
        if table_ids != party.table_ids
    }
    return Arrangement(places[0], moves)
