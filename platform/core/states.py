"""State machines as one table of legal moves."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

S = TypeVar("S", bound=TextChoices)


class IllegalMove(DomainError):
    """The thing is in a state from which this cannot be done; details: `from`, `to`, `allowed`."""

    code = "illegal_move"
    message = _("This is “%(from_label)s” and cannot become “%(to_label)s”.")
    status = 409


class Machine(Generic[S]):
    """The legal moves between the states of one kind of thing.

    :param moves: state -> the states it may become; a state without an entry is terminal
    :raises ValueError: when the table names something that is not one of the choices
    """

    def __init__(self, states: type[S], moves: Mapping[S, set[S]]) -> None:
        members = set(states)
        unknown = ({target for targets in moves.values() for target in targets} | set(moves)) - members
        if unknown:
            raise ValueError(f"Not states of {states.__name__}: {', '.join(sorted(map(str, unknown)))}.")
        self.states = states
        self.moves = {state: frozenset(moves.get(state, ())) for state in states}

    @property
    def terminal(self) -> frozenset[S]:
        """The states nothing leaves."""
        return frozenset(state for state, targets in self.moves.items() if not targets)

    def allows(self, a: S | str, b: S | str) -> bool:
        """Tell whether `a` may become `b`."""
        return self.states(b) in self.moves[self.states(a)]

    def check(self, a: S | str, b: S | str) -> None:
        """:raises IllegalMove: unless `a` may become `b`"""
        if not self.allows(a, b):
            raise self.refusal(a, b)

    def refusal(self, a: S | str, b: S | str) -> IllegalMove:
        """Return what says that `a` cannot become `b`: also for a service that makes fewer moves than are legal."""
        before, after = self.states(a), self.states(b)
        details: dict[str, Any] = {
            "from": before.value,
            "to": after.value,
            "allowed": sorted(state.value for state in self.moves[before]),
            "from_label": before.label,
            "to_label": after.label,
        }
        return IllegalMove(**details)

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram, in the order of the choices."""
        lines = ["stateDiagram-v2"]
        for state in self.states:
            targets = [target for target in self.states if target in self.moves[state]]
            lines += [f"    {state.value} --> {target.value}" for target in targets]
            if not targets:
                lines.append(f"    {state.value} --> [*]")
        return "\n".join(lines) + "\n"
