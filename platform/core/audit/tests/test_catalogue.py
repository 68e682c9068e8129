"""Every action that anybody records is listed, and every rule counts actions that there are."""

import re
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from core.audit import audit_actions, catalogue
from core.audit.rules import RULES
from core.audit.states import Severity

ROOT = Path(__file__).resolve().parents[4]
WRITTEN = re.compile(r"""\baudit\.(?:record|note)\(\s*["']([\w.]+)["']""")


def sources() -> list[Path]:
    """The code of all of Buka's apps, without its tests."""
    folders = {Path(config.path) for config in apps.get_app_configs() if Path(config.path).is_relative_to(ROOT)}
    files = {file for folder in folders for file in folder.rglob("*.py") if ".venv" not in file.parts}
    return sorted(file for file in files if "tests" not in file.parts)


def test_every_action_in_the_code_is_listed() -> None:
    found = {name: file for file in sources() for name in WRITTEN.findall(file.read_text())}

    assert len(found) > 30
    assert {name: str(file) for name, file in found.items() if name not in catalogue.actions()} == {}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_counts_what_is_worth_a_warning(rule: object) -> None:
    for name in rule.actions:  # type: ignore[attr-defined]
        assert catalogue.action_called(name).severity in (Severity.WARNING, Severity.ALERT), name


def test_two_apps_cannot_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    other = sys.modules["accounts.audit_actions"]

    monkeypatch.setitem(other.ACTIONS, "access.refused", audit_actions.ACTIONS["access.refused"])
    known = catalogue.actions()

    with pytest.raises(ImproperlyConfigured, match="listed twice"):
        catalogue.gather()

    assert catalogue.actions() == known
