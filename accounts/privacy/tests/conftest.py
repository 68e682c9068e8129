from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path) -> Path:
    """A folder of this test's own for archives and the list of the forgotten."""
    folder = tmp_path / "private"
    private = {**settings.STORAGES["private"], "OPTIONS": {"location": folder, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "private": private}
    return folder
