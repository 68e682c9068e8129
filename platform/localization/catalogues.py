"""The files under locale/: making them, finding what is wrong with them, compiling them, counting what is done.

They are compiled without gettext's own programs, so that a machine without them can run Buka.
"""

import gettext
import os
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polib
from django.conf import settings

from localization.languages import Language, every_language

DOMAINS = ("django", "djangojs")
UNREVIEWED = "unreviewed"
_REVIEW_HEADER = "X-Review-Status"
_PLURAL_HEADER = re.compile(r"^nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;]+);?\s*$")
_LINE = re.compile(r'#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s*)?"(?:[^"\\]|\\.)*"|')
_COUNTS = (*range(201), 1000, 1_000_000)


class BrokenCatalogue(Exception):
    """A catalogue that would break pages; its message lists every fault with file and line."""


def folder() -> Path:
    return Path(settings.LOCALE_PATHS[0])


def path_of(language: Language, domain: str = "django") -> Path:
    return folder() / language.folder / "LC_MESSAGES" / f"{domain}.po"


def every_file() -> Iterator[tuple[Language, Path]]:
    """Yield the catalogues that exist."""
    for language in every_language():
        for domain in DOMAINS:
            if (path := path_of(language, domain)).exists():
                yield language, path


def read(path: Path) -> polib.POFile:
    """Read a catalogue.

    :raises BrokenCatalogue: when it is not a catalogue at all
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        # polib forgives a missing quote and cuts the text off there.
        for number, line in enumerate(lines, start=1):
            if not _LINE.fullmatch(line.strip()):
                raise BrokenCatalogue(f"{path}:{number}: this line is no part of a catalogue: {line.strip()!r}")
        return polib.pofile(str(path), encoding="utf-8")
    except (OSError, ValueError) as error:
        # polib's syntax errors are OSErrors that name the line.
        raise BrokenCatalogue(f"{path}: {error}") from error


def save(catalogue: polib.POFile, path: Path) -> bool:
    """Write a catalogue, always in the same manner; leave the file alone when it says that already."""
    text = f"{catalogue}"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def set_header(catalogue: polib.POFile, language: Language) -> None:
    """Give a catalogue the header of its language; who translated and when stays."""
    before = dict(catalogue.metadata)
    catalogue.metadata = {
        "Project-Id-Version": "Buka",
        "Report-Msgid-Bugs-To": "",
        "PO-Revision-Date": _kept(before, "PO-Revision-Date", "YEAR", "2026-01-01 00:00+0100"),
        "Last-Translator": _kept(before, "Last-Translator", "FULL NAME", "Buka <translators@buka.example>"),
        "Language-Team": _kept(before, "Language-Team", "LANGUAGE", language.name),
        "Language": language.folder,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": language.plural_forms,
        _REVIEW_HEADER: before.get(_REVIEW_HEADER, UNREVIEWED),
    }
    catalogue.metadata_is_fuzzy = False
    catalogue.header = f"Buka in {language.name}."


def _kept(before: dict[str, str], name: str, placeholder: str, default: str) -> str:
    value = before.get(name, "")
    return default if not value or value.startswith(placeholder) else value


# --- Faults -------------------------------------------------------------------------------------------------------


def faults(catalogue: polib.POFile, language: Language) -> list[str]:
    """Return what would break or mislead a page, a sentence each, beginning with the line."""
    found = [f"1: {fault}" for fault in _header_faults(catalogue, language)]
    seen: set[tuple[str | None, str]] = set()
    for entry in catalogue:
        if entry.obsolete:
            continue
        if (key := (entry.msgctxt, entry.msgid)) in seen:
            found.append(f"{entry.linenum}: {entry.msgid!r} stands here a second time")
        seen.add(key)
        if not entry.fuzzy:
            found += [f"{entry.linenum}: {fault}" for fault in _entry_faults(entry, language)]
    return found


def _header_faults(catalogue: polib.POFile, language: Language) -> Iterator[str]:
    header = catalogue.metadata.get("Plural-Forms", "")
    wanted = f'it must be "{language.plural_forms}"'
    parts = _PLURAL_HEADER.match(header)
    if parts is None:
        yield f"the Plural-Forms header {header!r} cannot be read; {wanted}"
        return
    try:
        rule = gettext.c2py(parts[2])
        counted = [rule(number) for number in _COUNTS]
    except (ValueError, ZeroDivisionError):
        yield f"the plural rule {parts[2]!r} cannot be computed; {wanted}"
        return
    forms, own_rule = _own_rule(language)
    if int(parts[1]) != forms or counted != [own_rule(number) for number in _COUNTS]:
        yield f"the Plural-Forms header {header!r} is not the rule of {language.name}; {wanted}"


def _own_rule(language: Language) -> tuple[int, Callable[[int], int]]:
    forms, rule = language.plural_rule
    return forms, gettext.c2py(rule)


def _entry_faults(entry: polib.POEntry, language: Language) -> Iterator[str]:
    if not entry.msgid_plural:
        if entry.msgstr:
            yield from _text_faults(entry, entry.msgid, entry.msgstr, may_omit=False)
        return
    forms, _rule = _own_rule(language)
    written = {int(index): text for index, text in entry.msgstr_plural.items()}
    if not any(written.values()):
        return
    if sorted(written) != list(range(forms)) or not all(written.values()):
        given = sum(1 for text in written.values() if text)
        yield f"{entry.msgid!r} needs {forms} plural forms in {language.name} and has {given}"
    for text in filter(None, written.values()):
        # "One table", "two tables": a form for a single number need not repeat it.
        yield from _text_faults(entry, entry.msgid_plural, text, may_omit=forms > 1)


_PERCENT = re.compile(r"%(?:\((?P<name>[^)]*)\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?P<kind>.?)", re.DOTALL)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")


class _Anything(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 1


def _text_faults(entry: polib.POEntry, source: str, text: str, *, may_omit: bool) -> Iterator[str]:
    if "python-format" in entry.flags:
        yield from _percent_faults(source, text, may_omit=may_omit)
    if "python-brace-format" in entry.flags:
        yield from _brace_faults(source, text, may_omit=may_omit)
    if strange := Counter(_TAG.findall(text)) - Counter(_TAG.findall(source)):
        yield f"{text!r} has markup its source does not have: {', '.join(sorted(strange))}"
    for edge, is_there in (("begin", str.startswith), ("end", str.endswith)):
        if is_there(source, "\n") != is_there(text, "\n"):
            yield f"{text!r} and its source must both {edge} with a line break, or neither"


def _percent_faults(source: str, text: str, *, may_omit: bool) -> Iterator[str]:
    wanted, used = _percents(source), _percents(text)
    named = any(name for name, _kind in wanted)
    try:
        text % (_Anything() if named else (1,) * sum(wanted.values()))
    except (ValueError, TypeError, KeyError) as error:
        yield f"{text!r} cannot be filled in: {error}"
        return
    yield from _placeholder_faults({name for name, _kind in wanted}, {name for name, _kind in used}, text, may_omit)


def _percents(text: str) -> Counter[tuple[str, str]]:
    return Counter((each["name"] or "", each["kind"]) for each in _PERCENT.finditer(text) if each["kind"] != "%")


def _brace_faults(source: str, text: str, *, may_omit: bool) -> Iterator[str]:
    try:
        used = {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        yield f"{text!r} cannot be filled in: {error}"
        return
    wanted = {name for _text, name, _spec, _conversion in string.Formatter().parse(source) if name is not None}
    yield from _placeholder_faults(wanted, used, text, may_omit)


def _placeholder_faults(wanted: set[str], used: set[str], text: str, may_omit: bool) -> Iterator[str]:
    if strange := used - wanted:
        yield f"{text!r} uses placeholders its source does not have: {', '.join(sorted(strange))}"
    missing = wanted - used
    # Only the number itself may be said in words.
    if missing and not (may_omit and missing <= {"count", "number", "counter", ""}):
        yield f"{text!r} leaves out placeholders of its source: {', '.join(sorted(missing))}"


# --- Compiling ----------------------------------------------------------------------------------------------------


def compile_file(path: Path, language: Language, *, even_unchanged: bool = False) -> bool:
    """Compile one catalogue beside itself, leaving fuzzy entries out; return False when that was done already.

    :raises BrokenCatalogue: when it would break pages; what was compiled before stays
    """
    target = path.with_suffix(".mo")
    if not even_unchanged and target.exists() and target.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return False
    changed_at = path.stat()
    catalogue = read(path)
    if found := faults(catalogue, language):
        raise BrokenCatalogue("\n".join(f"{path}:{fault}" for fault in found))
    beside = target.with_suffix(f".mo.{os.getpid()}")
    beside.write_bytes(catalogue.to_binary())
    # The source's own time: an edit made while this ran is still newer.
    os.utime(beside, ns=(changed_at.st_atime_ns, changed_at.st_mtime_ns))
    beside.replace(target)
    return True


# --- Counting -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """How far a language's interface is translated, counted from its catalogues."""

    strings: int
    translated: int
    review: str
    """"reviewed" once a native reader has signed the language off, else "unreviewed"."""

    @property
    def missing(self) -> int:
        return self.strings - self.translated

    @property
    def completeness(self) -> float:
        return round(self.translated / self.strings, 4) if self.strings else 0.0


def progress(language: Language) -> Progress:
    """Count a language's catalogues; counted again when a file has changed."""
    paths = [path for path in (path_of(language, domain) for domain in DOMAINS) if path.exists()]
    counted = [_progress(path, path.stat().st_mtime_ns, language) for path in paths]
    strings = sum(each.strings for each in counted)
    is_reviewed = bool(counted) and all(each.review != UNREVIEWED for each in counted)
    return Progress(
        strings=strings,
        translated=sum(each.translated for each in counted),
        review="reviewed" if is_reviewed else UNREVIEWED,
    )


@lru_cache(maxsize=64)
def _progress(path: Path, changed: int, language: Language) -> Progress:
    catalogue = read(path)
    strings = [entry for entry in catalogue if not entry.obsolete]
    if language.code == settings.LANGUAGE_CODE:
        # The sources are written in this language.
        return Progress(strings=len(strings), translated=len(strings), review="reviewed")
    return Progress(
        strings=len(strings),
        translated=sum(entry.translated() for entry in strings),
        review=catalogue.metadata.get(_REVIEW_HEADER, UNREVIEWED),
    )
