"""Consents are history: given to words, withdrawn once, never edited."""

import pytest
from django.db import DatabaseError, transaction

from accounts.privacy import selectors, texts
from accounts.privacy.models import Consent
from accounts.privacy.services import consents
from accounts.privacy.states import AT_SIGN_UP, Door, Purpose
from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestWords:
    # A wording that people have agreed to never changes: write a new version instead, and add its line here.
    FINGERPRINTS = {
        ("marketing", 1): "5aa405a0535dba77766b197927d2e806f7c36deb2e6ccbb02dccd3b2d9e2b0d8",
        ("personalisation", 1): "744c4245ccebe51940776bc93e06bdf0f31453b014add3c22950e228cb0b434e",
        ("social", 1): "2095f35e69f5f97ed3c058b2b6375959af0dd63f4251e076fd4f770e2bcc83df",
        ("location", 1): "1168e174bbd34d6eaa0db794a2580c5572f21c94b39c1a462480db556594c328",
        ("ar_analytics", 1): "0c463b3335a2e6957687ea08a85bd0068dc5e21553505743c689e9bba96aa05b",
        ("sensitive", 1): "912affbe88b35f8e6659aab36ea72c0bf6d08bd504b2b9389f7dff4b93229cbc",
        ("terms", 1): "2b8e4277947b0112b3ba22da3cd8bf2110e37caa6c5c9cb26ac0608112557bcb",
        ("privacy_notice", 1): "f461eb5e66938942cd4134e89b2177042c74ef2745b5198d43e2ed6dcc1638bf",
        ("adult", 1): "e94c9496c680226138dfc24ce854d5923cc2308d44921bee93ae9072204714dd",
    }

    def test_are_those_that_were_agreed_to(self):
        now = {
            (purpose, wording.version): texts.source_fingerprint(wording.text)
            for purpose, wordings in texts.TEXTS.items()
            for wording in wordings
        }

        assert now == self.FINGERPRINTS

    def test_there_are_some_for_every_purpose_in_the_order_of_their_versions(self):
        assert set(texts.TEXTS) == set(Purpose.values)
        for wordings in texts.TEXTS.values():
            assert [wording.version for wording in wordings] == list(range(1, len(wordings) + 1))


class TestChoose:
    def test_nobody_agrees_to_anything_before_they_say_so(self):
        user = UserFactory()

        assert not any(choice["given"] for choice in selectors.choices_of(user))
        assert not selectors.consents_to(user, Purpose.MARKETING)

    def test_a_yes_counts_until_it_is_taken_back(self):
        user = UserFactory()

        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE, address="203.0.113.7")
        agreed = selectors.consents_to(user, Purpose.MARKETING)
        consents.choose(user=user, choices={"marketing": False}, door=Door.API)

        assert agreed
        assert not selectors.consents_to(user, Purpose.MARKETING)
        consent = selectors.history_of(user).get()
        assert (consent.door, consent.withdrawn_door) == (Door.PAGE, Door.API)
        assert consent.address == "203.0.113.7"
        assert consent.text_hash == texts.fingerprint(texts.current("marketing").text)

    def test_what_is_left_out_stays_as_it_is(self):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True, "location": True}, door=Door.PAGE)

        consents.choose(user=user, choices={"location": False}, door=Door.PAGE)

        assert set(selectors.standing_consents(user)) == {"marketing"}

    def test_a_yes_said_twice_is_one_row(self):
        user = UserFactory()

        for _time in range(2):
            consents.choose(user=user, choices={"social": True}, door=Door.PAGE)

        assert Consent.objects.filter(user=user).count() == 1

    @pytest.mark.parametrize("name", ["terms", "adult", "spam", ""])
    def test_refuses_what_nobody_can_choose(self, name):
        user = UserFactory()

        with pytest.raises(consents.UnknownPurpose):
            consents.choose(user=user, choices={"marketing": True, name: False}, door=Door.API)

        assert not Consent.objects.exists()

    def test_a_yes_to_words_that_changed_their_meaning_is_none(self, monkeypatch):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
        first = texts.current("marketing")
        newer = texts.Wording(2, first.since, "Buka may call me at night.")
        monkeypatch.setattr(texts, "TEXTS", {**texts.TEXTS, "marketing": (first, newer)})

        before = selectors.consents_to(user, Purpose.MARKETING)
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)

        assert not before
        assert selectors.consents_to(user, Purpose.MARKETING)
        assert [consent.version for consent in selectors.history_of(user)] == [2, 1]

    def test_a_yes_survives_a_change_of_mere_wording(self, monkeypatch):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
        first = texts.current("marketing")
        newer = texts.Wording(2, first.since, "Buka may write to me.", asks_again=False)
        monkeypatch.setattr(texts, "TEXTS", {**texts.TEXTS, "marketing": (first, newer)})

        assert selectors.consents_to(user, Purpose.MARKETING)

    def test_whoever_is_closed_agrees_to_nothing(self):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
        user.is_active = False

        assert not selectors.consents_to(user, Purpose.MARKETING)


class TestHistory:
    @pytest.fixture
    def consent(self):
        user = UserFactory()
        consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE, address="203.0.113.7")
        return Consent.objects.get()

    @pytest.mark.parametrize(
        "changes",
        [{"version": 9}, {"purpose": "social"}, {"given_at": "2020-01-01T00:00Z"}, {"text_hash": "0" * 64}],
    )
    def test_the_database_refuses_to_edit_it(self, consent, changes):
        with pytest.raises(DatabaseError, match="A consent is history"), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(**changes)

        assert Consent.objects.filter(pk=consent.pk, version=1, purpose="marketing").exists()

    def test_the_database_refuses_to_delete_it(self, consent):
        with pytest.raises(DatabaseError), transaction.atomic():
            consent.delete()

        assert Consent.objects.filter(pk=consent.pk).exists()

    def test_the_database_refuses_to_undo_a_withdrawal(self, consent):
        consents.choose(user=consent.user, choices={"marketing": False}, door=Door.PAGE)

        with pytest.raises(DatabaseError, match="A consent is history"), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(withdrawn_at=None, withdrawn_door="")

        assert not selectors.consents_to(consent.user, Purpose.MARKETING)

    def test_the_address_may_go_but_not_become_another(self, consent):
        with pytest.raises(DatabaseError, match="A consent is history"), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(address="198.51.100.1")
        Consent.objects.filter(pk=consent.pk).update(address="")

        consent.refresh_from_db()
        assert consent.address == ""


def test_signing_up_accepts_the_terms_and_says_one_is_of_age():
    user = UserFactory()

    consents.accept_at_sign_up(user=user, address="203.0.113.7")

    assert {consent.purpose for consent in selectors.history_of(user)} == set(AT_SIGN_UP)
