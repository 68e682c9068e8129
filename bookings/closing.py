"""Who sits where once some tables are gone: as few guests as possible lose theirs, and others move for them.

Pure rules over plain values. Whoever sat at those tables may go to any others that fit; whoever sits elsewhere keeps a
table, and moves only if nobody has promised it to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bookings import solving
from bookings.packing import Party, Tables, find_room

# What is weighed against what: a cover that loses its table more than all that follows taken together.
COVER_COSTS = 1_000_000
STANDING_COSTS = 1_000
OTHER_AREA_COSTS = 100
MOVE_COSTS = 10
MOST_FOR_A_LESSER_TABLE = 9


@dataclass(frozen=True, slots=True)
class Leaving:
    """A party whose table is taken: when it sits, where it could, and what the house owes it.

    `at_home` are the options in the area it asked for, best first, and `elsewhere` those of other areas. Between two
    of one size the one of higher `standing` keeps a table.
    """

    key: int
    bits: int
    covers: int
    at_home: tuple[Tables, ...]
    elsewhere: tuple[Tables, ...] = ()
    standing: int = 0

    @property
    def costs(self) -> dict[Tables, int]:
        near = {tables: _rank(number) for number, tables in enumerate(self.at_home)}
        far = {tables: OTHER_AREA_COSTS + _rank(number) for number, tables in enumerate(self.elsewhere)}
        return far | near

    @property
    def loss(self) -> int:
        """What it costs that the party gets no table."""
        return self.covers * COVER_COSTS + (1 + self.standing) * STANDING_COSTS


@dataclass(frozen=True, slots=True)
class Places:
    """Where those go whose tables are taken (None: nowhere), and who else moves for them.

    `is_best` when no arrangement takes the table from fewer covers.
    """

    of: dict[int, Tables | None]
    moves: dict[int, Tables]
    is_best: bool


def find_places(
    taken: Mapping[int, int],
    others: Sequence[Party],
    leaving: Sequence[Leaving],
    *,
    seconds: float = solving.SECONDS,
) -> Places:
    """Return where those can sit whose tables are taken.

    One after the other first, who would be missed most before the rest; where that leaves somebody over, all at once by
    the solver, which is exact unless its time runs out.

    :param taken: by table, what cannot be moved, and the closed tables for as long as they are closed
    :param others: who could be moved and keeps a table whatever happens
    """
    found = _one_by_one(taken, others, leaving)
    if all(tables is not None for tables in found.of.values()):
        return found
    placings = [solving.Placing(party.bits, party.costs, without=party.loss) for party in leaving]
    placings += [
        solving.Placing(
            party.bits,
            {
                tables: 0 if tables == party.table_ids else MOVE_COSTS + _rank(number)
                for number, tables in enumerate(party.options)
            },
        )
        for party in others
    ]
    known = [found.of[party.key] for party in leaving]
    known += [found.moves.get(party.key, party.table_ids) for party in others]
    places, is_best = solving.place_cheapest(taken, placings, known, seconds=seconds)
    return _places(leaving, others, places, is_best=is_best)


def _rank(number: int) -> int:
    return min(number, MOST_FOR_A_LESSER_TABLE)


def _one_by_one(taken: Mapping[int, int], others: Sequence[Party], leaving: Sequence[Leaving]) -> Places:
    masks, now = dict(taken), list(others)
    of: dict[int, Tables | None] = {}
    for party in sorted(leaving, key=lambda party: -party.loss):
        found = find_room(masks, now, party.bits, party.at_home, exact=False)
        if found is None:
            found = find_room(masks, now, party.bits, party.elsewhere, exact=False)
        of[party.key] = found.table_ids if found else None
        if found is not None:
            now = [replace(each, table_ids=found.moves.get(each.key, each.table_ids)) for each in now]
            for table_id in found.table_ids:
                masks[table_id] = masks.get(table_id, 0) | party.bits
    places = [of[party.key] for party in leaving] + [party.table_ids for party in now]
    return _places(leaving, others, places, is_best=True)


def _places(
    leaving: Sequence[Leaving], others: Sequence[Party], places: Sequence[Tables | None], *, is_best: bool
) -> Places:
    of = {party.key: tables for party, tables in zip(leaving, places, strict=False)}
    moves = {
        party.key: tables
        for party, tables in zip(others, places[len(leaving) :], strict=True)
        if tables is not None and tables != party.table_ids
    }
    return Places(of, moves, is_best)
