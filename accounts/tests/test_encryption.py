"""People's telephone numbers at rest: what the database holds, what finds it, what it refuses."""

from datetime import timedelta

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import services
from accounts.models import User
from accounts.phone import set_phone
from accounts.tests.factories import UserFactory
from core.encryption import CannotDecrypt, NotSearchable, decrypt, encrypt, index_of_phone

ADA, BOLA = "+2348031234567", "+2348039876543"

pytestmark = pytest.mark.django_db


def stored(person: User) -> tuple[str, str]:
    """Return what the row really holds: the number and its index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, phone_index FROM accounts_user WHERE id = %s", [person.pk])
        return cursor.fetchone()


def overwrite(person: User, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET phone = %s WHERE id = %s", [text, person.pk])


class TestAtRest:
    def test_a_saved_number_is_ciphertext_with_an_index(self):
        person = UserFactory(phone=ADA)

        phone, index = stored(person)

        assert phone.startswith("ae1:")
        assert ADA[1:] not in phone
        assert index == index_of_phone("0803 123 4567")
        assert User.objects.get(pk=person.pk).phone == ADA

    def test_bulk_create_and_bulk_update_write_both(self):
        people = User.objects.bulk_create([User(email=f"bulk-{n}@example.com", phone=ADA) for n in range(3)])
        for person in people:
            person.phone = BOLA
        User.objects.bulk_update(people[:2], ["phone"])

        numbers = [decrypt(stored(person)[0], aad="accounts.user.phone") for person in people]

        assert numbers == [BOLA, BOLA, ADA]
        assert User.objects.filter(phone_index=index_of_phone(BOLA)).count() == 2

    def test_update_writes_both(self):
        person = UserFactory(phone=ADA)

        User.objects.filter(pk=person.pk).update(phone=BOLA)

        assert stored(person)[0].startswith("ae1:")
        assert User.objects.get(phone_index=index_of_phone(BOLA)).phone == BOLA

    def test_update_takes_no_expression(self):
        from django.db.models import F

        with pytest.raises(FieldError, match="not to expressions"):
            User.objects.update(phone=F("email"))

    def test_an_update_or_create_on_conflict_writes_both(self):
        person = UserFactory(phone=ADA)

        User.objects.bulk_create(
            [User(email=person.email, phone=BOLA)],
            update_conflicts=True,
            unique_fields=["email"],
            update_fields=["phone"],
        )

        assert stored(person)[1] == index_of_phone(BOLA)

    def test_saving_the_number_alone_saves_its_index(self):
        person = UserFactory(phone=ADA)
        person.phone = BOLA

        person.save(update_fields=["phone"])

        assert stored(person)[1] == index_of_phone(BOLA)

    def test_a_row_loaded_without_its_number_keeps_it(self):
        person = UserFactory(phone=ADA)
        partly = User.objects.only("name").get(pk=person.pk)
        partly.name = "Adaeze"

        partly.save()

        person.refresh_from_db()
        assert (person.name, person.phone) == ("Adaeze", ADA)

    def test_a_number_set_on_a_row_loaded_without_it_gets_its_index(self):
        person = UserFactory(phone=ADA)
        partly = User.objects.only("name").get(pk=person.pk)
        partly.phone = BOLA

        partly.save()

        assert stored(person)[1] == index_of_phone(BOLA)

    def test_no_number_is_empty_text_without_index(self):
        assert stored(UserFactory()) == ("", "")

    def test_values_come_decrypted(self):
        UserFactory(phone=ADA)

        assert list(User.objects.values_list("phone", flat=True)) == [ADA]
        assert User.objects.values("phone").get() == {"phone": ADA}


class TestReading:
    def test_refuses_an_altered_value(self):
        person = UserFactory(phone=ADA)
        phone = stored(person)[0]
        overwrite(person, phone[:-6] + ("A" if phone[-6] != "A" else "B") + phone[-5:])

        with pytest.raises(CannotDecrypt, match=r"accounts\.user\.phone"):
            User.objects.get(pk=person.pk)

    def test_refuses_a_value_copied_from_another_column(self):
        person = UserFactory(phone=ADA)
        overwrite(person, encrypt("A table by the window", aad="bookings.booking.notes"))

        with pytest.raises(CannotDecrypt, match="comes from another column"):
            User.objects.get(pk=person.pk)

    def test_refuses_what_somebody_wrote_in_the_clear(self):
        person = UserFactory(phone=ADA)
        overwrite(person, BOLA)

        with pytest.raises(CannotDecrypt, match="not encrypted"):
            User.objects.get(pk=person.pk)


class TestLookups:
    @pytest.mark.parametrize("lookup", ["phone", "phone__iexact", "phone__contains", "phone__startswith", "phone__in"])
    def test_by_value_are_refused(self, lookup):
        with pytest.raises(NotSearchable, match=r"accounts\.User\.phone"):
            User.objects.filter(**{lookup: [ADA] if lookup.endswith("in") else ADA}).first()

    def test_by_index_use_the_index(self):
        UserFactory(phone=ADA)

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT id FROM accounts_user WHERE phone_index = %s", [index_of_phone(ADA)])
            plan = "\n".join(row[0] for row in cursor.fetchall())

        assert "people_by_phone" in plan


class TestVerifiedNumbers:
    def test_belong_to_one_person(self):
        UserFactory(phone=ADA, phone_verified_at=timezone.now())

        with pytest.raises(IntegrityError, match="a_verified_phone_is_one_persons"), transaction.atomic():
            UserFactory(phone=ADA, phone_verified_at=timezone.now())

        assert UserFactory(phone=ADA).pk, "a number merely written down may stand in several accounts"

    def test_are_there(self):
        with pytest.raises(IntegrityError, match="a_verified_phone_is_there"), transaction.atomic():
            UserFactory(phone="", phone_verified_at=timezone.now())

    def test_stay_verified_until_they_change(self):
        verified_at = timezone.now() - timedelta(days=1)
        person = UserFactory(phone=ADA, phone_verified_at=verified_at)

        services.change_profile(user=person, name="Ada", language="en")
        kept = User.objects.get(pk=person.pk).phone_verified_at
        set_phone(user=person, phone=BOLA, is_verified=False)

        assert kept == verified_at
        assert User.objects.get(pk=person.pk).phone_verified_at is None
