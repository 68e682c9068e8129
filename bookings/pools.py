"""Everybody seated at once: alike tables as pools, alike parties as crowds, so that little is left to solve.

Tables that everybody takes alike, that are free at the same times and belong to no combination are one pool: stretches
of time of which never more overlap than it has tables can always be laid out on them, so counting loses nothing. A
table of a combination is a pool of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookings import solving

if TYPE_CHECKING:
    from bookings.packing import Party, Tables

Choice = tuple[int, ...]
"""The pools of which a seating takes a table each."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """The parties of a stretch of the day as crowds, its tables as pools."""

    pools: tuple[tuple[int, ...], ...]
    crowds: list[solving.Crowd]
    members: "list[list[Party]]"
    """The parties of each crowd."""
    joined: "dict[Choice, Tables]"
    """The combination that each choice of several pools is."""

    @property
    def rooms(self) -> list[int]:
        return [len(tables) for tables in self.pools]


def gather(taken: Mapping[int, int], parties: "Sequence[Party]", within: int) -> Gathering:
    """Return the parties that are there within a stretch, and their tables, as far as that stretch tells them apart.

    When it holds the whole stay of each party, tables suffice exactly when the pools do; when it does not, pools that
    do not suffice still mean that tables do not.
    """
    pool_of = _pools(taken, parties, within)
    pools: dict[int, list[int]] = {}
    for table, pool in pool_of.items():
        pools.setdefault(pool, []).append(table)
    joined: dict[Choice, Tables] = {}
    alike: dict[tuple[int, tuple[Choice, ...]], list[Party]] = {}
    # Parties of one size and stretch, of which there are many, have the same choices.
    known: dict[tuple[int, tuple[Tables, ...]], tuple[Choice, ...]] = {}
    for party in parties:
        key = (party.bits, party.options)
        if key not in known:
            choices: dict[Choice, None] = {}
            for tables in party.options:
                if any(taken.get(table, 0) & party.bits for table in tables):
                    continue
                choice = tuple(sorted(pool_of[table] for table in tables))
                choices[choice] = None
                if len(choice) > 1:
                    joined[choice] = tables
            known[key] = tuple(choices)
        alike.setdefault((party.bits & within, known[key]), []).append(party)
    crowds = []
    for (bits, choices_of_all), members in alike.items():
        sitting = [_choice_of(party, pool_of) for party in members]
        has = tuple(sitting.count(choice) for choice in choices_of_all)
        crowds.append(solving.Crowd(bits, len(members), choices_of_all, has))
    return Gathering(tuple(tuple(pools[pool]) for pool in range(len(pools))), crowds, list(alike.values()), joined)


def _pools(taken: Mapping[int, int], parties: "Sequence[Party]", within: int) -> dict[int, int]:
    """Return the number of each table's pool."""
    takers: dict[int, set[int]] = {}
    in_combinations: set[int] = set()
    for index, options in enumerate({party.options: None for party in parties}):
        for tables in options:
            if len(tables) == 1:
                takers.setdefault(tables[0], set()).add(index)
            else:
                in_combinations.update(tables)
    numbers: dict[object, int] = {}
    found = {}
    for table in sorted(takers.keys() | in_combinations):
        alone = table if table in in_combinations else None
        kind = (alone, frozenset(takers.get(table, ())), taken.get(table, 0) & within)
        found[table] = numbers.setdefault(kind, len(numbers))
    return found


def _choice_of(party: "Party", pool_of: Mapping[int, int]) -> Choice:
    """Return what a party takes where it sits; nothing for one that does not sit yet."""
    return tuple(sorted(pool_of[table] for table in party.table_ids))


# --- Back to tables ------------------------------------------------------------------------------------------------


def laid_out(gathering: Gathering, shares: Sequence[Sequence[int]]) -> "dict[int, Tables]":
    """Return tables by the party's key, for shares that fit the pools.

    :param shares: by crowd, how many of it take each of its choices
    """
    found: dict[int, Tables] = {}
    masks: dict[int, int] = {}
    in_pool: dict[int, list[Party]] = {}
    for party, choice in _spread(gathering, shares):
        if len(choice) == 1:
            in_pool.setdefault(choice[0], []).append(party)
            continue
        tables = gathering.joined[choice]
        masks |= {table: masks.get(table, 0) | party.bits for table in tables}
        found[party.key] = tables
    for pool, parties in in_pool.items():
        # In the order of their beginning there is always a table left: never more are there at once than it has.
        for party in sorted(parties, key=lambda party: party.bits & -party.bits):
            free = [table for table in gathering.pools[pool] if not masks.get(table, 0) & party.bits]
            table = _chosen(free, party, parties)
            masks[table] = masks.get(table, 0) | party.bits
            found[party.key] = (table,)
    return found


def _chosen(free: Sequence[int], party: "Party", parties: "Sequence[Party]") -> int:
    """Return the party's own table, if it is free, else rather one that nobody here sits at meanwhile."""
    if len(party.table_ids) == 1 and party.table_ids[0] in free:
        return party.table_ids[0]
    sat_at = {table for other in parties if other.bits & party.bits for table in other.table_ids}
    return next((table for table in free if table not in sat_at), free[0])


def _spread(gathering: Gathering, shares: Sequence[Sequence[int]]) -> "Iterator[tuple[Party, Choice]]":
    """Yield each party with its choice: those stay that can, the others share what is left."""
    pool_of = {table: pool for pool, tables in enumerate(gathering.pools) for table in tables}
    for crowd, members, numbers in zip(gathering.crowds, gathering.members, shares, strict=True):
        left = dict(zip(crowd.choices, numbers, strict=True))
        moving = []
        for party in members:
            choice = _choice_of(party, pool_of)
            if left.get(choice, 0):
                left[choice] -= 1
                yield party, choice
            else:
                moving.append(party)
        rest = [choice for choice, number in left.items() for _time in range(number)]
        yield from zip(moving, rest, strict=True)
