"""What the benchmark claims: its writers lose nothing, and each of its tamperings is one on a chain that was whole."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import audit_chain
from benchmarks.audit_chain import TAMPERINGS, Sealing, Writers, tried
from core.audit import seals, verifying
from core.audit.models import AuditEvent, AuditSeal
from core.audit.testing import seal_everything

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def digests(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_DIGEST_FILE = str(tmp_path / "digests")
    return tmp_path / "digests"


@pytest.fixture
def chain(digests: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    """Three seals over what a few writers recorded."""
    monkeypatch.setattr(seals, "MOST_ROWS", 4)
    writers = Writers(count=2, each=6, seed=1)
    for thread in writers.start():
        thread.join()
    seal_everything()
    assert writers.failures == []
    return writers


class TestWriters:
    def test_have_what_they_acknowledged_in_the_chain(self, chain: Writers, digests: Path) -> None:
        report = verifying.verify(digests=digests)

        assert report.is_sound
        assert report.rows == len(chain.acknowledged) == 12
        assert set(AuditEvent.objects.values_list("id", flat=True)) == chain.acknowledged


class TestTamperings:
    @pytest.mark.parametrize(
        "tampering", [*TAMPERINGS[:2], *(pytest.param(each, marks=pytest.mark.long) for each in TAMPERINGS[2:])]
    )
    def test_are_found_and_taken_back(self, tampering: Any, chain: Writers, digests: Path) -> None:
        before = list(AuditSeal.objects.values_list("digest", flat=True))

        found = tried(tampering, digests)

        assert found
        assert list(AuditSeal.objects.values_list("digest", flat=True)) == before
        assert verifying.verify(digests=digests).is_sound

    def test_that_does_nothing_is_not_found(self, chain: Writers, digests: Path) -> None:
        assert tried(lambda: None, digests) == []


class TestSealing:
    def test_counts_what_it_sealed(self, digests: Path) -> None:
        Writers(count=1, each=4, seed=1)._work(0)
        sealing = Sealing()

        audit_chain._seal_the_rest(sealing, 4)

        assert sealing.rows == 4
        assert sealing.seals == AuditSeal.objects.count()
