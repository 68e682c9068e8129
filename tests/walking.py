"""Every address of Buka, taken from the URL map itself: what is added there is walked without being asked for."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern

LANGUAGE = "en/"
_PARAMETER = re.compile(r"<(?:(?P<kind>[a-z_]+):)?(?P<name>[a-z_]+)>")
_GROUP = re.compile(r"\(\?P<(?P<name>[a-z_]+)>[^()]*\)|\((?!\?)[^()]*\)")


@dataclass(frozen=True)
class Parameter:
    """A part of an address that names something."""

    name: str
    kind: str


@dataclass(frozen=True)
class Address:
    """One line of the URL map."""

    route: str
    name: str
    callback: Callable[..., Any] = field(compare=False)
    parameters: tuple[Parameter, ...] = ()

    @property
    def view(self) -> Any:
        """The class behind it, or the function."""
        view: Any = self.callback
        while hasattr(view, "__wrapped__") and not hasattr(view, "cls") and not hasattr(view, "view_class"):
            view = view.__wrapped__
        return getattr(view, "cls", None) or getattr(view, "view_class", None) or view

    def path(self, values: Mapping[str, str]) -> str:
        """Return the address with its parameters filled in, by name or by kind; made up where nothing is given."""
        path = self.route
        for parameter in self.parameters:
            value = values.get(parameter.name) or values.get(parameter.kind) or MADE_UP[parameter.kind]
            path = path.replace("{" + parameter.name + "}", value, 1)
        return path


MADE_UP = {
    "uuid": "0b0e7a3c-1111-4222-8333-444455556666",
    "slug": "no-such-thing",
    "str": "no-such-thing",
    "int": "987654321",
    "path": "987654321",
    "regex": "no-such-thing",
}


def addresses() -> list[Address]:
    """Return every line of the URL map."""
    return list(_walk(get_resolver().url_patterns, "/", "", ()))


def _walk(patterns: list[Any], prefix: str, space: str, before: tuple[Parameter, ...]) -> Iterator[Address]:
    for each in patterns:
        text, parameters = _readable(each.pattern)
        found = (*before, *parameters)
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from _walk(each.url_patterns, prefix + text, inner, found)
        elif isinstance(each, URLPattern):
            yield Address(prefix + text, f"{space}{each.name or ''}", each.callback, found)


def _readable(pattern: Any) -> tuple[str, tuple[Parameter, ...]]:
    if isinstance(pattern, LocalePrefixPattern):
        return LANGUAGE, ()
    text = str(pattern)
    if isinstance(pattern, RoutePattern):
        parameters = tuple(Parameter(m["name"], _kind(m["kind"])) for m in _PARAMETER.finditer(text))
        return _PARAMETER.sub(lambda m: "{" + m["name"] + "}", text), parameters
    if isinstance(pattern, RegexPattern):
        text = text.removeprefix("^").removesuffix("$").removesuffix("\\Z")
        groups = list(_GROUP.finditer(text))
        names = [m["name"] or f"part{number}" for number, m in enumerate(groups)]
        queue = iter(names)
        text = _GROUP.sub(lambda _m: "{" + next(queue) + "}", text)
        return text.replace("\\.", ".").replace("/?", "/"), tuple(Parameter(name, "regex") for name in names)
    raise TypeError(f"{pattern!r} is of a kind that nobody has walked yet.")


def _kind(kind: str | None) -> str:
    return kind if kind in MADE_UP else "str"
