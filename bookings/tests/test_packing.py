"""Room for one more party: found when there is any, refused only when there is none, whatever has to move."""

from bookings import packing
from bookings.packing import Arrangement, Party, find_room


def stretch(first: int, grains: int) -> int:
    return ((1 << grains) - 1) << first


ONE, TWO, THREE = (1,), (2,), (3,)
EVENING = stretch(0, 18)


class TestFindRoom:
    def test_takes_the_first_free_seating(self):
        sitting = Party(1, EVENING, (ONE, TWO), (1,))

        assert find_room({}, [sitting], EVENING, (ONE, TWO)) == Arrangement((2,))

    def test_moves_one_aside(self):
        sitting = Party(1, EVENING, (ONE, TWO), (1,))

        assert find_room({}, [sitting], EVENING, (ONE,)) == Arrangement((1,), {1: (2,)})

    def test_moves_one_that_moves_another(self):
        first, second = Party(1, EVENING, (ONE, TWO), (1,)), Party(2, EVENING, (TWO, THREE), (2,))

        assert find_room({}, [first, second], EVENING, (ONE,)) == Arrangement((1,), {1: (2,), 2: (3,)})

    def test_never_moves_what_is_promised(self):
        assert find_room({1: EVENING}, [], EVENING, (ONE,)) is None

    def test_frees_a_combination(self):
        early, late = Party(1, stretch(0, 9), (ONE, THREE), (1,)), Party(2, stretch(9, 9), (TWO, THREE), (2,))

        found = find_room({}, [early, late], EVENING, ((1, 2),))

        assert found == Arrangement((1, 2), {1: (3,), 2: (3,)})

    def test_touching_ends_do_not_meet(self):
        assert find_room({1: stretch(0, 18)}, [], stretch(18, 18), (ONE,)) == Arrangement((1,))

    def test_leaves_everybody_where_they_are_when_there_is_none(self):
        parties = [Party(number, EVENING, (ONE, TWO), (number,)) for number in (1, 2)]

        assert find_room({}, parties, EVENING, (ONE, TWO)) is None

    def test_goes_past_what_moving_a_few_can_reach(self, monkeypatch):
        monkeypatch.setattr(packing, "FEW_TRIES", 0)
        monkeypatch.setattr(packing, "MOST_TRIES", 0)
        tables = [(number,) for number in range(8)]
        chain = [Party(number + 1, EVENING, (tables[number], tables[number + 1]), (number,)) for number in range(7)]

        found = find_room({}, chain, EVENING, (tables[0],))

        assert found == Arrangement((0,), {number + 1: (number + 1,) for number in range(7)})
