"""What migrations use to encrypt a column that stood in the clear."""

import pytest
from django.db import connection

from core import encrypting, encryption

COLUMNS = {"phone": "tests.guest.phone", "notes": "tests.guest.notes"}
INDEXES = {"phone_index": ("phone", encryption.index_of_phone)}
ADA = "+2348031234567"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def table(monkeypatch):
    monkeypatch.setattr(encrypting, "BATCH", 3)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE guests (id bigint PRIMARY KEY, phone text, phone_index text DEFAULT '', notes text)"
        )


def write(*rows: tuple[str | None, str | None]) -> None:
    with connection.cursor() as cursor:
        for number, row in enumerate(rows, start=1):
            cursor.execute("INSERT INTO guests (id, phone, notes) VALUES (%s, %s, %s)", [number * 10, *row])


def rows() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, phone_index, notes FROM guests ORDER BY id")
        return cursor.fetchall()


def there() -> None:
    encrypting.encrypt_columns(connection, "guests", COLUMNS, INDEXES)


def back() -> None:
    encrypting.decrypt_columns(connection, "guests", COLUMNS)


class TestThereAndBack:
    def test_every_row_of_every_batch_is_encrypted_and_indexed(self):
        write(*[(ADA, f"Wish {number}") for number in range(8)])

        there()

        assert all(phone.startswith("ae1:") and notes.startswith("ae1:") for phone, _index, notes in rows())
        assert {index for _phone, index, _notes in rows()} == {encryption.index_of_phone(ADA)}
        assert encryption.decrypt(rows()[7][2], aad="tests.guest.notes") == "Wish 7"

    def test_the_way_back_leads_to_what_was_there(self):
        before = [(ADA, ""), ("", "Two lines\nof wishes"), (None, None), (ADA, f"ae1:dev:{'A' * 60}")]
        write(*before)

        there()
        back()

        assert [(phone, notes) for phone, _index, notes in rows()] == before

    def test_a_second_run_changes_nothing(self):
        write((ADA, "Wish"), (ADA, "Another"))
        there()
        once = rows()

        there()

        assert rows() == once

    def test_a_run_that_was_stopped_goes_on(self):
        write(*[(ADA, f"Wish {number}") for number in range(4)])
        there()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE guests SET phone = %s, notes = 'Late', phone_index = '' WHERE id = 40", [ADA])

        there()

        assert encryption.decrypt(rows()[3][2], aad="tests.guest.notes") == "Late"
        assert rows()[3][1] == encryption.index_of_phone(ADA)

    def test_a_missing_key_stops_it_before_anything_is_encrypted_twice(self, settings):
        write((ADA, "Wish"))
        settings.ENCRYPTION_KEYS = {"old": b"o" * 32}
        there()
        once = rows()
        settings.ENCRYPTION_KEYS = {"new": b"n" * 32}

        with pytest.raises(encryption.UnknownKey):
            there()

        assert rows() == once
