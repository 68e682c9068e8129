"""Counting instead of choosing: which tables are one pool, which parties one crowd, and the way back to tables."""

from bookings import solving
from bookings.packing import Party
from bookings.pools import gather, laid_out


def stretch(first: int, grains: int) -> int:
    return ((1 << grains) - 1) << first


EVENING = stretch(0, 18)
DAY = stretch(0, 100)
PAIRS = ((1,), (2,), (3,))


class TestGather:
    def test_tables_that_everybody_takes_alike_are_one_pool(self):
        gathered = gather({}, [Party(1, EVENING, PAIRS, (1,))], DAY)

        assert gathered.rooms == [3]

    def test_tables_of_a_combination_are_pools_of_their_own(self):
        parties = [Party(1, EVENING, PAIRS, (1,)), Party(2, EVENING, ((1, 2),), (1, 2))]

        assert sorted(gather({}, parties, DAY).pools) == [(1,), (2,), (3,)]

    def test_tables_taken_at_other_times_are_told_apart_only_within_the_stretch(self):
        parties = [Party(1, EVENING, PAIRS, (2,))]

        assert sorted(gather({1: stretch(40, 9)}, parties, DAY).rooms) == [1, 2]
        assert gather({1: stretch(40, 9)}, parties, EVENING).rooms == [3]

    def test_parties_of_one_stretch_and_choice_are_one_crowd(self):
        parties = [Party(1, EVENING, PAIRS, (1,)), Party(2, EVENING, PAIRS, (2,)), Party(3, EVENING, PAIRS[:1], ())]

        assert [crowd.count for crowd in gather({}, parties, DAY).crowds] == [2, 1]


class TestLaidOut:
    def test_leaves_parties_where_they_can_stay(self):
        parties = [Party(1, stretch(0, 9), PAIRS, (3,)), Party(2, stretch(4, 9), PAIRS, (2,))]
        gathered = gather({}, [Party(0, stretch(9, 9), PAIRS, ()), *parties], DAY)
        shares = solving.share_out(gathered.rooms, gathered.crowds)

        assert shares is not None
        assert laid_out(gathered, shares) == {0: (1,), 1: (3,), 2: (2,)}

    def test_puts_stretches_that_touch_at_one_table(self):
        parties = [Party(number, stretch(9 * number, 9), ((1,),), ()) for number in range(4)]
        gathered = gather({}, parties, DAY)
        shares = solving.share_out(gathered.rooms, gathered.crowds)

        assert shares is not None
        assert set(laid_out(gathered, shares).values()) == {(1,)}

    def test_names_combinations_by_their_tables(self):
        parties = [Party(1, EVENING, ((2, 1),), ()), Party(2, EVENING, PAIRS, (1,))]
        gathered = gather({}, parties, DAY)
        shares = solving.share_out(gathered.rooms, gathered.crowds)

        assert shares is not None
        assert laid_out(gathered, shares) == {1: (2, 1), 2: (3,)}


class TestShareOut:
    def test_is_exact_where_only_halves_would_do(self):
        """Three parties at two tables each, of twice three in a ring: with halves of combinations all could sit."""
        rings = ((1, 2), (2, 3), (1, 3), (4, 5), (5, 6), (4, 6))
        parties = [Party(number, EVENING, rings, ()) for number in (1, 2, 3)]
        gathered = gather({}, parties, DAY)

        assert solving.may_suffice(gathered.rooms, gathered.crowds)
        assert solving.share_out(gathered.rooms, gathered.crowds) is None
