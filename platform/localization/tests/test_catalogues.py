import os
from pathlib import Path

import polib
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import gettext, ngettext

from localization import catalogues
from localization.languages import every_language, known

CODES = ["en", "ha", "yo", "ig", "fr", "ar", "es", "de", "zh-hans", "ja"]
COUNTS = (0, 1, 2, 5, 11, 100)
FORMS = {
    "en": (1, 0, 1, 1, 1, 1),
    "ha": (1, 0, 1, 1, 1, 1),
    "yo": (0, 0, 0, 0, 0, 0),
    "ig": (0, 0, 0, 0, 0, 0),
    "fr": (0, 0, 1, 1, 1, 1),
    "ar": (0, 1, 2, 3, 4, 5),
    "es": (2, 0, 2, 2, 2, 2),
    "de": (1, 0, 1, 1, 1, 1),
    "zh-hans": (0, 0, 0, 0, 0, 0),
    "ja": (0, 0, 0, 0, 0, 0),
}


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    settings.LOCALE_PATHS = [tmp_path]
    return tmp_path


def catalogue(code: str, *entries: polib.POEntry) -> polib.POFile:
    made = polib.POFile()
    catalogues.set_header(made, known(code))
    made.extend(entries)
    return made


def write(code: str, *entries: polib.POEntry) -> Path:
    path = catalogues.path_of(known(code))
    catalogues.save(catalogue(code, *entries), path)
    return path


def counted(code: str) -> polib.POEntry:
    forms, _rule = known(code).plural_rule
    return polib.POEntry(
        msgid="%(count)s plate of moin-moin",
        msgid_plural="%(count)s plates of moin-moin",
        msgstr_plural={form: f"%(count)s in form {form}" for form in range(forms)},
        flags=["python-format"],
    )


class TestTheCataloguesOfBuka:
    @pytest.mark.parametrize("code", CODES)
    def test_exist_and_have_no_fault(self, code):
        path = catalogues.path_of(known(code))

        assert path.exists()
        assert catalogues.faults(catalogues.read(path), known(code)) == []

    def test_hold_the_same_texts_in_every_language(self):
        texts = {
            language.code: {(entry.msgctxt, entry.msgid) for entry in catalogues.read(catalogues.path_of(language))}
            for language in every_language()
        }

        assert len(texts["en"]) > 100
        assert all(each == texts["en"] for each in texts.values())


class TestCompiling:
    @pytest.mark.parametrize("code", CODES)
    def test_every_language_counts_by_its_own_rule(self, folder, code):
        write(code, counted(code))

        call_command("compile_messages", verbosity=0)

        with translation.override(code):
            said = [
                ngettext("%(count)s plate of moin-moin", "%(count)s plates of moin-moin", n) % {"count": n}
                for n in COUNTS
            ]
        assert said == [f"{n} in form {form}" for n, form in zip(COUNTS, FORMS[code], strict=True)]

    def test_leaves_uncertain_translations_out(self, folder):
        write(
            "ha",
            polib.POEntry(msgid="Pounded yam is served", msgstr="An kawo sakwara"),
            polib.POEntry(msgid="Amala is served", msgstr="An kawo sakwara", flags=["fuzzy"]),
        )

        call_command("compile_messages", verbosity=0)

        with translation.override("ha"):
            assert gettext("Pounded yam is served") == "An kawo sakwara"
            assert gettext("Amala is served") == "Amala is served"

    def test_skips_what_has_not_changed(self, folder):
        path = write("yo", polib.POEntry(msgid="Welcome to the buka", msgstr="Ẹ káàbọ̀ sí búkà"))

        assert catalogues.compile_file(path, known("yo"))
        assert not catalogues.compile_file(path, known("yo"))
        later = path.stat().st_mtime_ns + 1_000_000
        os.utime(path, ns=(later, later))
        assert catalogues.compile_file(path, known("yo"))

    def test_keeps_what_worked_when_a_file_is_broken(self, folder):
        path = write("ha", polib.POEntry(msgid="Welcome to the buka", msgstr="Barka da zuwa"))
        call_command("compile_messages", verbosity=0)
        good = path.with_suffix(".mo").read_bytes()
        path.write_text(
            path.read_text().replace("nplurals=2; plural=(n != 1);", "nplurals=INTEGER; plural=EXPRESSION;")
        )
        later = path.stat().st_mtime_ns + 1_000_000
        os.utime(path, ns=(later, later))

        with pytest.raises(CommandError, match=r"django\.po:1: the Plural-Forms header .* cannot be read"):
            call_command("compile_messages", verbosity=0)

        assert path.with_suffix(".mo").read_bytes() == good
        assert sorted(each.name for each in path.parent.iterdir()) == ["django.mo", "django.po"]

    def test_says_where_a_file_cannot_be_read(self, folder):
        path = write("ar")
        path.write_text(path.read_text() + '\nmsgid "half\n')

        with pytest.raises(CommandError, match=r"django\.po"):
            call_command("compile_messages", "--check", verbosity=0)


class TestFaults:
    def faults(self, code: str, *entries: polib.POEntry, header: str | None = None) -> list[str]:
        made = catalogue(code, *entries)
        if header is not None:
            made.metadata["Plural-Forms"] = header
        return catalogues.faults(made, known(code))

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "nplurals=INTEGER; plural=EXPRESSION;",
            "nplurals=2; plural=n > 1;",
            "nplurals=1; plural=0;",
            "nplurals=2; plural=__import__('os');",
            "nplurals=2; plural=n/0;",
        ],
    )
    def test_a_plural_rule_that_is_not_the_languages(self, header):
        assert len(self.faults("ha", header=header)) == 1

    def test_the_same_rule_written_otherwise_is_no_fault(self):
        assert self.faults("ha", header="nplurals=2; plural=n!=1") == []

    def test_a_plural_form_is_missing(self):
        entry = counted("ar")
        entry.msgstr_plural[4] = ""

        assert "needs 6 plural forms in Arabic and has 5" in self.faults("ar", entry)[0]

    @pytest.mark.parametrize(
        ("source", "text", "flag"),
        [
            ("Table for %(size)s", "Tebur na %(girma)s", "python-format"),
            ("Table for %(size)s", "Tebur", "python-format"),
            ("Table for %(size)s", "Tebur na %(size)", "python-format"),
            ("Table for %(size)s", "Tebur na %(size)s, 100%", "python-format"),
            ("%s of %d", "%s", "python-format"),
            ("Table for {size}", "Tebur na {girma}", "python-brace-format"),
            ("Table for {size}", "Tebur na {size", "python-brace-format"),
            ("Table for {size}", "Tebur", "python-brace-format"),
            ("Book a table", "<script>alert(1)</script>", ""),
            ("Book a <b>table</b>", "<b>Tebur</b> <i>x</i>", ""),
            ("\nBook a table\n", "Tebur", ""),
        ],
    )
    def test_a_text_that_cannot_stand_for_its_source(self, source, text, flag):
        entry = polib.POEntry(msgid=source, msgstr=text, flags=[flag] if flag else [])

        assert self.faults("ha", entry)

    @pytest.mark.parametrize(
        ("source", "text", "flag"),
        [
            ("%(a)s and %(b)s", "%(b)s da %(a)s", "python-format"),
            ("%(share)s%% full", "%(share)s%% ya cika", "python-format"),
            ("100% cotton", "100% auduga", ""),
            ("Table for {size}", "Tebur na {size}", "python-brace-format"),
            ("Book a <b>table</b>", "<b>Tebur</b>", ""),
            ("Anything %(at)s", "", "python-format"),
        ],
    )
    def test_a_text_that_can(self, source, text, flag):
        entry = polib.POEntry(msgid=source, msgstr=text, flags=[flag] if flag else [])

        assert self.faults("ha", entry) == []

    def test_a_number_may_be_said_in_words(self):
        entry = counted("ar")
        entry.msgstr_plural[1] = "طبق واحد"
        entry.msgstr_plural[2] = "طبقان"

        assert self.faults("ar", entry) == []

    def test_the_same_text_twice(self):
        entries = [polib.POEntry(msgid="Cancel", msgstr="Soke"), polib.POEntry(msgid="Cancel", msgstr="Fasa")]

        assert "a second time" in self.faults("ha", *entries)[0]
        entries[1].msgctxt = "noun"
        assert self.faults("ha", *entries) == []


class TestTranslating:
    @pytest.fixture
    def hausa(self, folder) -> Path:
        return write(
            "ha",
            polib.POEntry(msgid="Find a table", occurrences=[("templates/home.html", "")]),
            polib.POEntry(msgid="Cancel", msgstr="Soke", occurrences=[("templates/bookings/cancel.html", "")]),
            polib.POEntry(
                msgid="Book for %(size)s", occurrences=[("templates/bookings/book.html", "")], flags=["python-format"]
            ),
        )

    def test_what_is_missing_goes_out_and_comes_back(self, hausa, tmp_path):
        out = tmp_path / "for-the-translator.po"
        call_command("export_untranslated", "ha", "--path", "templates/bookings", "--output", out)
        wanted = polib.pofile(str(out))
        assert [entry.msgid for entry in wanted] == ["Book for %(size)s"]

        wanted[0].msgstr = "Ajiye wa mutum %(size)s"
        wanted.save()
        call_command("import_translations", "ha", out)

        taken = catalogues.read(hausa)
        assert {entry.msgid: entry.msgstr for entry in taken} == {
            "Find a table": "",
            "Cancel": "Soke",
            "Book for %(size)s": "Ajiye wa mutum %(size)s",
        }
        assert taken.metadata["Plural-Forms"] == known("ha").plural_forms

    def test_a_translation_that_would_break_a_page_is_refused_whole(self, hausa, tmp_path):
        before = hausa.read_bytes()
        offered = catalogue(
            "ha",
            polib.POEntry(msgid="Find a table", msgstr="Nemi tebur"),
            # Without its flag: our own catalogue knows that it is filled in.
            polib.POEntry(msgid="Book for %(size)s", msgstr="Ajiye wa %(mutum)s"),
        )
        offered.save(str(tmp_path / "broken.po"))

        with pytest.raises(CommandError, match="placeholders"):
            call_command("import_translations", "ha", tmp_path / "broken.po")

        assert hausa.read_bytes() == before

    def test_a_text_buka_does_not_have_is_left_out(self, hausa, tmp_path, capsys):
        offered = catalogue("ha", polib.POEntry(msgid="Order a taxi", msgstr="Kira tasi"))
        offered.save(str(tmp_path / "other.po"))

        call_command("import_translations", "ha", tmp_path / "other.po")

        assert "Order a taxi" in capsys.readouterr().err
        assert "Order a taxi" not in hausa.read_text()


class TestProgress:
    def test_counts_what_is_translated_for_certain(self, folder):
        write(
            "ha",
            polib.POEntry(msgid="one", msgstr="daya"),
            polib.POEntry(msgid="two"),
            polib.POEntry(msgid="three", msgstr="uku", flags=["fuzzy"]),
            polib.POEntry(msgid="four", msgstr="hudu"),
        )

        progress = catalogues.progress(known("ha"))

        assert (progress.strings, progress.translated, progress.completeness) == (4, 2, 0.5)
        assert progress.review == "unreviewed"

    def test_is_counted_anew_when_the_file_changes(self, folder):
        path = write("ha", polib.POEntry(msgid="one"))
        assert catalogues.progress(known("ha")).completeness == 0

        write("ha", polib.POEntry(msgid="one", msgstr="daya"))
        later = path.stat().st_mtime_ns + 1_000_000
        os.utime(path, ns=(later, later))

        assert catalogues.progress(known("ha")).completeness == 1

    def test_english_is_the_source(self, folder):
        write("en", polib.POEntry(msgid="one"))

        assert catalogues.progress(known("en")).completeness == 1

    def test_a_language_without_a_file_has_nothing(self, folder):
        assert catalogues.progress(known("ja")).completeness == 0
