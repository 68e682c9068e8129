"""Reading GeoJSON a feature at a time, so that a whole country fits through a small memory."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

CHUNK = 64 * 1024
# One feature, or one value beside the features, that is longer than this is no restaurant.
LONGEST_VALUE = 16 * 1024 * 1024
_SPACE = re.compile(r"[ \t\n\r]+")
_STRUCTURE = re.compile(r'["\[\]{}]')
_STRING_END = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)


class NotGeoJSON(Exception):
    """The file as a whole cannot be read; its text is one sentence for whoever gave the file."""


@dataclass(frozen=True)
class Unreadable:
    """Stands in the place of a feature that is sound JSON and still cannot be taken in."""

    reason: str


def features_in(file: IO[str]) -> Iterator[Any]:
    """Yield every member of the file's `features`, whatever it is.

    The file is read to its end: what comes after the features can still make it no FeatureCollection.

    :raises NotGeoJSON: when the file is not JSON, or not a FeatureCollection
    """
    try:
        yield from _Reader(file).features()
    except UnicodeDecodeError as error:
        raise NotGeoJSON("The file is not GeoJSON: its text is not UTF-8.") from error


class _Reader:
    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._buffer = ""
        self._at = 0
        self._is_over = False
        self._decoder = json.JSONDecoder(parse_int=_integer, parse_constant=float)

    def features(self) -> Iterator[Any]:
        if self._peek() == "":
            raise NotGeoJSON("The file is empty.")
        if self._peek() != "{":
            self._value()
            raise NotGeoJSON("The file is JSON, but not a GeoJSON FeatureCollection.")
        kind: Any = None
        has_features = False
        for key in self._members("{", "}"):
            if key == "features" and not has_features and self._peek() == "[":
                has_features = True
                for _nothing in self._members("[", "]"):
                    yield self._value()
            elif key == "features":
                raise NotGeoJSON("The file's “features” is not one list, so it is no GeoJSON FeatureCollection.")
            else:
                value = self._value()
                kind = value if key == "type" else kind
        if self._peek() != "":
            raise NotGeoJSON("The file is not JSON: something follows its end.")
        if kind != "FeatureCollection":
            raise NotGeoJSON("The file is JSON, but not a GeoJSON FeatureCollection: its “type” says otherwise.")
        if not has_features:
            raise NotGeoJSON("The file is a FeatureCollection without “features”.")

    def _members(self, opening: str, closing: str) -> Iterator[str]:
        """Walk an object or a list, standing before each value; the key where there is one."""
        self._expect(opening)
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            key = ""
            if opening == "{":
                if self._peek() != '"':
                    raise self._broken()
                key = self._value()
                self._expect(":")
            yield key
            if self._peek() == closing:
                self._at += 1
                return
            self._expect(",")

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                # The rest of the value may not have been read yet; what is wrong well before the end stays wrong.
                is_cut_off = error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer) - 16
                if self._is_over or not is_cut_off:
                    raise self._broken(error.pos) from error
            except RecursionError:
                return self._skip()
            else:
                # A number that touches the end of what was read may go on, as "1" does in "1.5" and in "1e+5".
                if end + 2 < len(self._buffer) or self._is_over:
                    self._at = end
                    return value
            self._read_more()

    def _skip(self) -> Unreadable:
        """Step over a value that is nested too deep to decode."""
        depth, at = 0, self._at
        while True:
            found = _STRUCTURE.search(self._buffer, at)
            if found is None:
                at = len(self._buffer)
            elif found.group() == '"':
                end = _STRING_END.match(self._buffer, found.end())
                at = end.end() if end else found.start()
            else:
                depth += 1 if found.group() in "[{" else -1
                at = found.end()
                if depth == 0:
                    self._at = at
                    return Unreadable("is nested too deep")
            if found is None or (found.group() == '"' and at == found.start()):
                if self._is_over:
                    raise self._broken()
                shift = self._at
                self._read_more()
                at -= shift

    def _peek(self) -> str:
        """Return the next character that is no white space, or nothing at the end."""
        while True:
            if space := _SPACE.match(self._buffer, self._at):
                self._at = space.end()
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._is_over:
                return ""
            self._read_more()

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise self._broken()
        self._at += 1

    def _read_more(self) -> None:
        kept = self._buffer[self._at :]
        if len(kept) > LONGEST_VALUE:
            raise NotGeoJSON(f"The file holds a single value of more than {LONGEST_VALUE // 1024 // 1024} MB.")
        # Reading as much again as is there keeps the work in proportion when one value is very long.
        more = self._file.read(max(CHUNK, len(kept)))
        self._is_over = not more
        self._buffer = kept + more
        self._at = 0

    def _broken(self, at: int | None = None) -> NotGeoJSON:
        around = self._buffer[self._at if at is None else at :][:20]
        return NotGeoJSON(
            f"The file is not JSON: it breaks off or goes wrong near {shown(around)}."
            if around
            else "The file is not JSON: it breaks off in the middle."
        )


def _integer(digits: str) -> int | float:
    # Python refuses to read integers of thousands of digits; no coordinate and no id has as many.
    return int(digits) if len(digits) < 100 else float("nan")


def shown(value: object, *, longest: int = 60) -> str:
    """Return what a file said, cut short and safe to print: no control characters, no halves of characters."""
    text = value[: longest + 1] if isinstance(value, str) else repr(value)[: longest + 1]
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:longest])
    return f"“{safe}{'…' if len(text) > longest else ''}”"
