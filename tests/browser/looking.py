"""What every page is looked at for in a real browser: barriers, broken promises to the browser, width on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A run that looked at nothing would find nothing.
FEWEST_PASSES = 15

_POLICY_ALARM = """
    addEventListener("securitypolicyviolation", (event) => {
        console.error("POLICY", event.violatedDirective, event.blockedURI);
    });
"""


@dataclass
class Faults:
    """What a page complained about, and whom else it spoke to."""

    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@contextmanager
def watched(page: Any, home: str) -> Iterator[Faults]:
    """Look at a page from its first byte on; at the end nothing may have been complained about.

    :raises AssertionError: for an error of console or page, a policy violated or not understood, a foreign host asked
    """
    faults = Faults()
    host = urlsplit(home).netloc
    page.add_init_script(_POLICY_ALARM)
    page.on("console", lambda line: _is_fault(line) and faults.said.append(line.text))
    page.on("pageerror", lambda error: faults.said.append(str(error)))
    page.on(
        "request",
        lambda request: urlsplit(request.url).netloc not in (host, "") and faults.foreign.append(request.url),
    )
    try:
        yield faults
    except (PlaywrightError, AssertionError) as error:
        # Whoever reads the failure was not there.
        error.add_note(f"At {page.url} stood:\n{page.evaluate('document.body.innerText')[:2000]}\n{faults}")
        raise
    assert not faults.said, faults.said
    assert not faults.foreign, f"Requests to foreign hosts: {faults.foreign}"


def _is_fault(line: Any) -> bool:
    return line.type == "error" or "Permissions-Policy" in line.text


# Only what is wrong comes back: all that passed, with every element, is megabytes from a long page.
_LOOK = """
    async (rules) => {
        const found = await axe.run(document, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]});
        return {passed: found.passes.length, violations: found.violations};
    }
"""


def barriers(page: Any) -> list[str]:
    """Return what axe finds wrong with the page as it stands, one line for each place."""
    page.evaluate(AXE)
    found = page.evaluate(_LOOK, RULES)
    assert found["passed"] >= FEWEST_PASSES, f"axe looked at too little: {found['passed']} rules passed"
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def too_wide(page: Any) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate("() => Math.max(0, document.documentElement.scrollWidth - innerWidth)"))


def overflowing(page: Any) -> list[int]:
    """Return at which widths, of a phone's and a desk's, the page is wider than its window."""
    usual, wrong = page.viewport_size, []
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": usual["height"]})
        if too_wide(page):
            wrong.append(width)
    page.set_viewport_size(usual)
    return wrong
