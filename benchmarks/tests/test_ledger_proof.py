"""What the benchmark claims: its books are sound before, and each of its forgeries is one that the proof finds."""

from collections.abc import Callable

import pytest

from benchmarks import ledger_proof
from benchmarks.ledger_proof import FORGERIES, broken, fill, post_at_once, tried
from payments.ledger import checking, selectors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_proof, "BATCH", 60)
    monkeypatch.setattr(ledger_proof, "HOUSES", 5)
    fill(400, seed=1)


def test_its_books_are_sound(books: None) -> None:
    assert selectors.counts()["entries"] >= 400
    assert broken(checking.check()) == []


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_each_forgery_is_found_and_taken_back(books: None, forgery: Callable[[], None]) -> None:
    assert tried(forgery)

    assert broken(checking.check()) == []


def test_its_writers_lose_nothing(books: None) -> None:
    before = selectors.counts()["transactions"]

    _seconds, took = post_at_once(writers=3, each=4)

    assert len(took) == selectors.counts()["transactions"] - before == 12
