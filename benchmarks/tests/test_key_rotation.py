import random

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from benchmarks import key_rotation
from benchmarks.key_rotation import NEW, OLD, Editor, in_words, number, ring
from config import environment


@pytest.fixture
def keys(settings):
    settings.ENCRYPTION_KEYS = ring(1)
    return settings.ENCRYPTION_KEYS


@pytest.fixture
def people(db, keys):
    """Five people with numbers, and what theirs must be."""
    return {UserFactory(phone=number(n)).pk: number(n) for n in range(5)}


class TestTheRing:
    def test_is_read_by_the_command_as_it_was_made(self, monkeypatch):
        monkeypatch.setenv("ENCRYPTION_KEYS", in_words(ring(3)))

        read = environment.read(key_rotation.ROOT).encryption_keys

        assert list(read.items()) == list(ring(3).items())
        assert list(read) == [NEW, OLD]


class TestLost:
    def test_nothing_is_while_every_number_is_what_was_acknowledged(self, people):
        assert key_rotation._lost(people) == 0

    def test_counts_the_numbers_that_are_others_altered_gone_or_under_a_key_that_is(self, people, settings):
        other, altered, gone, old_key = list(people)[:4]
        User.objects.filter(pk=other).update(phone=number(99))
        User.objects.filter(pk=gone).delete()
        settings.ENCRYPTION_KEYS = {OLD: ring(1)[OLD]}
        User.objects.filter(pk=old_key).update(phone=people[old_key])
        settings.ENCRYPTION_KEYS = {NEW: ring(1)[NEW]}
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET phone = reverse(phone) WHERE id = %s", [altered])

        assert key_rotation._lost(people) == 4
        assert key_rotation._under(OLD) == 1


class TestTheEditor:
    def test_remembers_what_it_wrote(self, people):
        editor = Editor(people, random.Random(1))

        for _edit in range(6):
            editor.edit_one()

        assert editor.edits == 6
        assert key_rotation._lost(people) == 0
        assert User.objects.filter(phone_index="").count() == 0
