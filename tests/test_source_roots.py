"""`platform/` is a second source root beside the standard library's module of that name."""

import importlib
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW_PLATFORM = ("config", "core", "localization", "notifications")
AT_THE_TOP = ("accounts", "restaurants", "payments", "bookings", "sandbox", "benchmarks")


class TestThePlatformFolder:
    def test_leaves_the_name_to_the_standard_library(self):
        assert platform.__file__ is not None
        assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))
        assert platform.python_version().startswith("3.")

    def test_never_becomes_a_package(self):
        assert list((ROOT / "platform").glob("*.py")) == []

    def test_leaves_the_name_alone_where_both_roots_come_first(self):
        command = [sys.executable, "-c", "import platform; print(platform.__file__)"]

        found = subprocess.run(
            command,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )

        assert Path(found.stdout.strip()).parent == Path(sysconfig.get_path("stdlib"))


class TestOurModules:
    @pytest.mark.parametrize("name", BELOW_PLATFORM)
    def test_below_platform_come_from_this_checkout(self, name: str):
        assert Path(importlib.import_module(name).__file__ or "") == ROOT / "platform" / name / "__init__.py"

    @pytest.mark.parametrize("name", AT_THE_TOP)
    def test_at_the_top_come_from_this_checkout(self, name: str):
        assert Path(importlib.import_module(name).__file__ or "") == ROOT / name / "__init__.py"

    def test_are_all_named_here(self):
        def packages(folder: Path) -> set[str]:
            return {each.parent.name for each in folder.glob("*/__init__.py")}

        assert packages(ROOT / "platform") == set(BELOW_PLATFORM)
        assert packages(ROOT) - {"tests"} == set(AT_THE_TOP)
