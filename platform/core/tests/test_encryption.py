"""Values, blind indexes, and what a field refuses."""

import base64

import pytest
from django.apps import apps
from django.db import models

from core import encryption
from core.encryption import CannotDecrypt, EncryptedJSONField, EncryptedTextField, NotSearchable, UnknownKey

COLUMN = "tests.person.phone"
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def ring(settings):
    """The ring with one key; a test turns it."""
    settings.ENCRYPTION_KEYS = {"old": OLD}
    return settings


class TestEncrypt:
    @pytest.mark.parametrize("text", ["+2348031234567", "Ọ̀gbẹ́ni Adé 🎂", "a" * 10_000, "ae1:old:AAAA", " ", "\0"])
    def test_comes_back_as_it_went(self, ring, text):
        stored = encryption.encrypt(text, aad=COLUMN)

        assert encryption.decrypt(stored, aad=COLUMN) == text

    def test_names_scheme_and_key_and_hides_the_rest(self, ring):
        scheme, key, sealed = encryption.encrypt("+2348031234567", aad=COLUMN).split(":")

        assert (scheme, key) == ("ae1", "old")
        assert len(base64.b64decode(sealed)) == 12 + len("+2348031234567") + 16
        assert b"234" not in base64.b64decode(sealed)

    def test_reads_differently_each_time(self, ring):
        assert len({encryption.encrypt("same", aad=COLUMN) for _time in range(50)}) == 50


class TestDecrypt:
    def test_refuses_a_value_moved_to_another_column(self, ring):
        stored = encryption.encrypt("+2348031234567", aad=COLUMN)

        with pytest.raises(CannotDecrypt, match=r"tests\.person\.notes was altered, or comes from another column"):
            encryption.decrypt(stored, aad="tests.person.notes")

    def test_refuses_every_altered_byte(self, ring):
        scheme, key, sealed = encryption.encrypt("+2348031234567", aad=COLUMN).split(":")
        raw = base64.b64decode(sealed)

        for place in range(len(raw)):
            altered = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
            with pytest.raises(CannotDecrypt):
                encryption.decrypt(f"{scheme}:{key}:{base64.b64encode(altered).decode()}", aad=COLUMN)

    @pytest.mark.parametrize(
        "stored", ["plain", "ae1:old", "ae1:old:", "ae1:old:AAAA", "ae2:old:AAAA", "ae1:old:A", "ae1::A"]
    )
    def test_refuses_what_is_no_ciphertext(self, ring, stored):
        with pytest.raises(CannotDecrypt):
            encryption.decrypt(stored, aad=COLUMN)

    def test_says_which_key_is_missing_and_not_what_was_stored(self, ring):
        stored = encryption.encrypt("+2348031234567", aad=COLUMN)
        ring.ENCRYPTION_KEYS = {"new": NEW}

        with pytest.raises(UnknownKey) as refused:
            encryption.decrypt(stored, aad=COLUMN)

        assert "'old'" in str(refused.value)
        assert stored.split(":")[2] not in str(refused.value)

    def test_refuses_another_key_of_the_same_name(self, ring):
        stored = encryption.encrypt("+2348031234567", aad=COLUMN)
        ring.ENCRYPTION_KEYS = {"old": NEW}

        with pytest.raises(CannotDecrypt):
            encryption.decrypt(stored, aad=COLUMN)

    def test_reads_old_values_while_the_new_key_writes(self, ring):
        stored = encryption.encrypt("before", aad=COLUMN)
        ring.ENCRYPTION_KEYS = {"new": NEW, "old": OLD}

        assert encryption.decrypt(stored, aad=COLUMN) == "before"
        assert encryption.key_of(encryption.encrypt("after", aad=COLUMN)) == "new"


class TestBlindIndex:
    def test_equal_numbers_share_one_whatever_their_spelling(self):
        spellings = ["0803 123 4567", "+2348031234567", "00234 803 123 4567", "(0803) 123-4567"]

        assert len({encryption.index_of_phone(spelling) for spelling in spellings}) == 1

    def test_addresses_share_one_whatever_their_case(self):
        assert encryption.index_of_email(" Ada@Example.com") == encryption.index_of_email("ada@example.com")

    def test_tells_nothing_without_the_key(self, settings):
        before = encryption.index_of_phone("0803 123 4567")
        settings.BLIND_INDEX_KEY = b"another key of thirty-two bytes!"

        assert len(before) == 64
        assert encryption.index_of_phone("0803 123 4567") != before

    def test_keeps_purposes_apart(self):
        phone, email = (encryption.blind_index("same", purpose=purpose) for purpose in ("phone", "email"))

        assert phone != email

    def test_nothing_has_no_index(self):
        assert encryption.index_of_phone("") == encryption.index_of_email("") == ""

    def test_a_number_nobody_can_call_is_still_found_by_its_digits(self):
        assert encryption.index_of_phone("+234 999 1") == encryption.index_of_phone("+2349991") != ""

    def test_is_kept_by_every_model_where_rows_are_written_without_save(self):
        indexed = [model for model in apps.get_models() if encryption.blind_indexes(model)]

        assert indexed
        for model in indexed:
            assert isinstance(model._default_manager.all(), encryption.BlindIndexQuerySet), model._meta.label


class TestFields:
    @pytest.mark.parametrize("lookup", ["exact", "iexact", "contains", "startswith", "in", "gt", "regex"])
    def test_refuse_every_lookup_but_isnull(self, lookup):
        field = EncryptedTextField(aad=COLUMN)

        with pytest.raises(NotSearchable, match="blind index"):
            field.get_lookup(lookup)

        assert field.get_lookup("isnull") is models.Field.get_lookups()["isnull"]

    def test_leave_empty_text_and_nothing_as_they_are(self):
        field = EncryptedTextField(aad=COLUMN, null=True)

        assert [field.get_db_prep_value(value, None) for value in ("", None)] == ["", None]
        assert [field.from_db_value(value, None, None) for value in ("", None)] == ["", None]

    def test_encrypt_what_looks_encrypted(self):
        # Or whoever read a ciphertext somewhere could have it opened by typing it.
        field = EncryptedTextField(aad=COLUMN)
        stolen = encryption.encrypt("secret", aad=COLUMN)

        assert field.from_db_value(field.get_db_prep_value(stolen, None), None, None) == stolen

    @pytest.mark.parametrize("value", [{"a": [1, None, "ọ"]}, [], {}, "text", 0, False, ""])
    def test_json_comes_back_as_it_went(self, value):
        field = EncryptedJSONField(aad=COLUMN)

        stored = field.get_db_prep_value(value, None)

        assert stored.startswith("ae1:")
        assert field.from_db_value(stored, None, None) == value

    def test_name_their_column_in_migrations(self):
        for field in (EncryptedTextField(aad=COLUMN, is_fixed=True), EncryptedJSONField(aad=COLUMN)):
            _name, path, args, kwargs = field.deconstruct()

            assert path.startswith("core.encryption.")
            assert type(field)(*args, **kwargs).aad == COLUMN

    def test_without_a_column_or_with_an_index_are_found_by_the_check(self):
        class Careless(models.Model):
            nameless = EncryptedTextField()
            indexed = EncryptedTextField(aad=COLUMN, unique=True)

            class Meta:
                app_label = "core"
                managed = False

        try:
            found = {
                message.id for name in ("nameless", "indexed") for message in Careless._meta.get_field(name).check()
            }
        finally:
            from django.apps import apps

            del apps.all_models["core"]["careless"]
            apps.clear_cache()

        assert {"core.E010", "core.E011"} <= found


class TestMasking:
    def test_an_address_is_recognised_and_not_written_to(self):
        assert encryption.mask_email("adaeze@example.com") == "a••••@example.com"
        assert encryption.mask_email("") == ""
