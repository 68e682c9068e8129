"""What the benchmark claims, on few states; and that it would notice an untrue answer."""

import pytest

from benchmarks import exactness
from benchmarks.exactness import Found, is_room, is_sound, judge, states
from bookings import packing
from bookings.packing import Arrangement
from restaurants.service_plan import ServicePlan


def judged(count: int) -> Found:
    found = Found()
    for each in states(seed=7, count=count):
        judge(each, found)
    return found


@pytest.mark.parametrize("may_try", [True, False])
def test_every_answer_is_true(may_try: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not may_try:
        monkeypatch.setattr(packing, "FEW_TRIES", 0)
        monkeypatch.setattr(packing, "MOST_TRIES", 0)

    found = judged(400)

    assert (found.false_refusals, found.false_offers) == (0, 0)
    assert min(found.free, found.moved, found.refused, found.step_free) > 15


def test_a_false_refusal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exactness, "find_room", lambda *asked: None)

    assert judged(60).false_refusals > 0


def test_a_false_offer_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        exactness, "find_room", lambda taken, parties, bits, options: Arrangement(options[0] if options else ())
    )

    assert judged(60).false_offers > 0


def test_a_plan_that_forgets_the_steps_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServicePlan, "for_wish", lambda plan, *, step_free: plan)

    assert judged(200).false_offers > 0


def test_both_ways_to_the_other_answer_agree() -> None:
    for each in states(seed=3, count=99):
        wishes = [(each.bits, each.options), *((party.bits, party.options) for party in each.parties)]
        assert exactness.by_cp_sat(each.taken, wishes) == is_room(each)


def test_an_arrangement_that_moves_somebody_where_they_do_not_fit_is_not_sound() -> None:
    each = next(state for state in states(seed=1, count=99) if state.parties and state.options)
    somebody = each.parties[0]

    assert not is_sound(each, Arrangement(each.options[0], {somebody.key: (99,)}))
