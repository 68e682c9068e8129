from typing import Any

import pytest

from core.api.fields import LineField, StrictSerializer, TextField


class Asked(StrictSerializer):
    name = LineField(max_length=10, required=False)
    notes = TextField(max_length=10, required=False)


def errors_of(**body: Any) -> Any:
    asked = Asked(data=body)
    return {} if asked.is_valid() else asked.errors


class TestText:
    @pytest.mark.parametrize("field", ["name", "notes"])
    def test_is_cleaned(self, field: str) -> None:
        asked = Asked(data={field: " A\u0301de\u202e \n"})

        assert asked.is_valid(), asked.errors
        assert asked.validated_data[field] == "\u00c1de"

    @pytest.mark.parametrize("field", ["name", "notes"])
    @pytest.mark.parametrize("sent", ["x" * 11, "x" * 10 + " ", "x" * 10 + "\u200b", "A\u0301" * 6, " " * 11])
    def test_is_as_long_as_the_description_says_before_it_is_cleaned(self, field: str, sent: str) -> None:
        errors = errors_of(**{field: sent})

        assert errors[field][0] == "This is too long: at most 10 characters fit."
        assert errors[field][0].code == "text_too_long"

    def test_that_fits_is_taken(self) -> None:
        assert errors_of(name="x" * 10, notes="x" * 10) == {}


class TestUnknownFields:
    def test_are_refused_by_name_beside_what_else_is_wrong(self) -> None:
        errors = errors_of(nam="Ada", notes=5)

        assert sorted(errors) == ["nam", "notes"]
        assert errors["nam"][0].code == "unknown_field"

    def test_in_what_lies_within_too(self) -> None:
        class Party(StrictSerializer):
            guest = Asked()
            others = Asked(many=True)

        asked = Party(data={"guest": {"fone": "1"}, "others": [{"name": "Ada"}, {"nam": "Bola"}]})

        assert not asked.is_valid()
        assert list(asked.errors["guest"]) == ["fone"]
        assert list(asked.errors["others"][1]) == ["nam"]
