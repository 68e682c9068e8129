"""What is written about Buka agrees with Buka: links lead somewhere, lists are complete, diagrams are current."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.core.management import call_command

from config import urls  # noqa: F401  (declares every event that is published anywhere)
from core.outbox import declared_events

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def papers() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("data/*.md"), *ROOT.glob("docs/**/*.md")])


def anchors(paper: Path) -> set[str]:
    """The places within a page that a link can lead to, as the forges name them."""
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(paper.read_text()))
    return {heading.replace(" ", "-") for heading in headings}


def broken_links(paper: Path) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", paper.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _hash, anchor = unquote(target).partition("#")
        found = (paper.parent / path).resolve() if path else paper
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
            yield target


class TestLinks:
    @pytest.mark.parametrize("paper", papers(), ids=lambda paper: str(paper.relative_to(ROOT)))
    def test_lead_somewhere(self, paper):
        assert list(broken_links(paper)) == []

    def test_a_broken_one_is_found(self, tmp_path):
        paper = tmp_path / "page.md"
        paper.write_text("# Here\n[gone](nowhere.md) [no heading](#there) [fine](#here) `[code](not-a-link.md)`\n")

        assert list(broken_links(paper)) == ["nowhere.md", "#there"]

    def test_every_page_of_docs_can_be_reached_from_the_readme(self):
        reached, ahead = set(), [ROOT / "README.md"]
        while ahead:
            page = ahead.pop()
            if page in reached:
                continue
            reached.add(page)
            targets = [target.partition("#")[0] for target in LINK.findall(page.read_text())]
            found = [(page.parent / target).resolve() for target in targets if target and ":" not in target]
            for target in found:
                ahead += [target] if target.suffix == ".md" and target.exists() else list(target.glob("*.md"))

        unreached = [str(page.relative_to(ROOT)) for page in papers() if page.is_relative_to(ROOT / "docs")]
        assert sorted(set(unreached) - {str(page.relative_to(ROOT)) for page in reached}) == []


class TestCode:
    def test_names_only_pages_that_there_are(self):
        named = {
            (page, str(source.relative_to(ROOT)))
            for folder in ("platform", "accounts", "restaurants", "bookings", "sandbox", "scripts", "benchmarks")
            for source in (ROOT / folder).rglob("*.py")
            for page in re.findall(r"docs/[\w./-]+\.md", source.read_text())
        }

        assert len(named) > 10
        assert sorted((page, source) for page, source in named if not (ROOT / page).exists()) == []


class TestDependencies:
    @pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
    def test_each_one_says_why_it_is_here(self, name):
        page = (ROOT / "docs/decisions/0002-dependencies.md").read_text()
        asked = [line.strip() for line in (ROOT / name).read_text().splitlines()]
        packages = [re.split(r"[\[=<>~! ]", line)[0] for line in asked if line and not line.startswith(("#", "-"))]

        assert len(packages) > 15
        unexplained = [package for package in packages if f"`{package}`" not in page]
        assert unexplained == [], "Add a line for each to docs/decisions/0002-dependencies.md."

    def test_none_is_explained_that_is_gone(self):
        rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "docs/decisions/0002-dependencies.md").read_text(), re.MULTILINE)
        explained = {package for row in rows for package in re.findall(r"`([^`]+)`", row)}
        asked = (ROOT / "requirements.in").read_text() + (ROOT / "requirements-dev.in").read_text()

        assert explained
        gone = [package for package in explained if not re.search(rf"^{re.escape(package)}\b", asked, re.MULTILINE)]
        assert gone == []


class TestSettings:
    # Read where they are used, not by config.environment: for make, the tests and the embedded services.
    ELSEWHERE = {"BUKA_HOME", "CHROMIUM_BIN", "CI", "PYTHON"}

    def read_by_the_code(self) -> set[str]:
        code = (ROOT / "platform/config/environment.py").read_text()
        return set(re.findall(r'(?:env\.\w+\(\s*|_ring\(env, )"([A-Z][A-Z_]+)"', code))

    def listed(self) -> set[str]:
        page = (ROOT / "docs/settings.md").read_text()
        rows = re.findall(r"^\| (`[A-Z][^|]*) \|", page, re.MULTILINE)
        return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}

    def test_every_one_that_is_read_is_listed(self):
        assert len(self.read_by_the_code()) > 20
        assert self.read_by_the_code() - self.listed() == set()

    def test_none_is_listed_that_nobody_reads(self):
        assert self.listed() - self.read_by_the_code() - self.ELSEWHERE == set()


class TestDomains:
    def test_the_diagram_of_a_bookings_states_is_current(self, capsys):
        call_command("document_states", check=True)

        assert "current" in capsys.readouterr().out

    def test_every_event_of_the_domains_is_told_of(self):
        pages = {name: (ROOT / f"docs/domains/{name}.md").read_text() for name in ("bookings", "restaurants")}
        domains = {"booking": "bookings", "restaurant": "restaurants"}
        events = [name for name in declared_events() if name.partition(".")[0] in domains]

        assert len(events) >= 10
        assert [name for name in events if f"`{name}`" not in pages[domains[name.partition(".")[0]]]] == []


class TestDecisions:
    def test_each_has_its_number_once_and_says_what_was_decided_and_turned_down(self):
        pages = sorted((ROOT / "docs/decisions").glob("*.md"))
        numbers = [page.name[:4] for page in pages]

        assert len(set(numbers)) == len(numbers)
        for page in pages:
            text = page.read_text()
            assert text.startswith(f"# {int(page.name[:4])}. "), page.name
            for part in ("Context", "Decision", "Consequences", "Turned down"):
                assert f"**{part}.**" in text, f"{page.name} does not say: {part}."
