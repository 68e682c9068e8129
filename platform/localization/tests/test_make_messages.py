import shutil
from pathlib import Path

import pytest
from django.core.management import call_command

from localization import catalogues
from localization.languages import every_language, known

pytestmark = pytest.mark.skipif(not shutil.which("xgettext"), reason="the gettext programs are not installed")


@pytest.fixture
def project(tmp_path, settings) -> Path:
    settings.BASE_DIR = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    (tmp_path / "locale").mkdir()
    (tmp_path / "static" / "vendor").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "home.html").write_text(
        "{% load i18n %}{% translate 'Find a table' %}"
        "{% blocktranslate count n=n %}{{ n }} table{% plural %}{{ n }} tables{% endblocktranslate %}"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_home.py").write_text("_('Only a test')")
    return tmp_path


def files(project: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in project.rglob("*.po")}


def test_makes_all_ten_catalogues_with_their_plural_rules(project):
    call_command("make_messages", verbosity=0)

    for language in every_language():
        made = catalogues.read(project / "locale" / language.folder / "LC_MESSAGES" / "django.po")
        assert [entry.msgid for entry in made] == ["Find a table", "%(n)s table"]
        assert made.metadata["Plural-Forms"] == language.plural_forms
        assert made[0].occurrences == [("templates/home.html", "")]
        assert catalogues.faults(made, language) == []


def test_changes_nothing_when_no_text_has_changed(project):
    call_command("make_messages", verbosity=0)
    before = files(project)

    home = project / "templates" / "home.html"
    home.write_text("\n\n\n" + home.read_text())
    call_command("make_messages", verbosity=0)

    assert files(project) == before


def test_keeps_translations_and_drops_what_is_gone(project):
    call_command("make_messages", verbosity=0)
    path = catalogues.path_of(known("ha"))
    made = catalogues.read(path)
    made[0].msgstr = "Nemi tebur"
    catalogues.save(made, path)

    (project / "templates" / "home.html").write_text("{% load i18n %}{% translate 'Find a table' %}")
    call_command("make_messages", verbosity=0)

    assert [(entry.msgid, entry.msgstr) for entry in catalogues.read(path)] == [("Find a table", "Nemi tebur")]
    assert "moin" not in path.read_text() and "#~" not in path.read_text()


def test_collects_from_our_own_scripts_only(project):
    (project / "static" / "vendor" / "library.js").write_text("gettext('Not ours')")
    call_command("make_messages", verbosity=0)
    assert not catalogues.path_of(known("ha"), "djangojs").exists()

    (project / "static" / "buka.js").write_text("gettext('This time has just been taken.')")
    call_command("make_messages", verbosity=0)

    made = catalogues.read(catalogues.path_of(known("ha"), "djangojs"))
    assert [entry.msgid for entry in made] == ["This time has just been taken."]
