import pytest
from django.db.models import TextChoices

from core.states import IllegalMove, Machine


class Light(TextChoices):
    RED = "red", "Red light"
    GREEN = "green", "Green light"
    BROKEN = "broken", "Out of order"


LIGHTS = Machine(Light, {Light.RED: {Light.GREEN, Light.BROKEN}, Light.GREEN: {Light.RED}, Light.BROKEN: set()})


class TestMachine:
    def test_knows_what_may_follow(self):
        assert LIGHTS.allows(Light.RED, Light.GREEN)
        assert LIGHTS.allows("red", "broken")
        assert not LIGHTS.allows(Light.GREEN, Light.BROKEN)
        assert not LIGHTS.allows(Light.RED, Light.RED)

    def test_knows_where_it_ends(self):
        assert LIGHTS.terminal == {Light.BROKEN}

    def test_refuses_an_illegal_move_and_says_what_would_be_legal(self):
        LIGHTS.check(Light.RED, Light.GREEN)

        with pytest.raises(IllegalMove) as refusal:
            LIGHTS.check("red", "red")

        details = refusal.value.details
        assert (details["from"], details["to"], details["allowed"]) == ("red", "red", ["broken", "green"])
        assert str(refusal.value) == "This is “Red light” and cannot become “Red light”."
        assert refusal.value.status == 409

    def test_draws_itself(self):
        assert LIGHTS.mermaid() == (
            "stateDiagram-v2\n    red --> green\n    red --> broken\n    green --> red\n    broken --> [*]\n"
        )

    def test_a_state_without_a_line_is_terminal(self):
        machine = Machine(Light, {Light.RED: {Light.GREEN}})

        assert machine.terminal == {Light.GREEN, Light.BROKEN}

    def test_refuses_a_table_with_a_stranger_in_it(self):
        with pytest.raises(ValueError, match="purple"):
            Machine(Light, {Light.RED: {"purple"}})
