"""Celery entry points of archives, erasures and retention."""

from celery import shared_task

from accounts.privacy.services import erasing, exporting, retaining


@shared_task(name="privacy.build_export")
def build_export(export_id: int) -> None:
    exporting.build(export_id=export_id)


@shared_task(name="privacy.run_erasure")
def run_erasure(erasure_id: int) -> None:
    erasing.run(erasure_id=erasure_id)


@shared_task(name="privacy.sweep")
def sweep() -> None:
    """Find what a crash or a dead Redis left behind, and close what is over; runs every minute."""
    exporting.build_due()
    exporting.expire()
    erasing.run_due(limit=1)


@shared_task(name="privacy.retain")
def retain() -> None:
    """Ask for every retention rule to be looked after; nightly."""
    retaining.begin()


@shared_task(name="privacy.retain_one")
def retain_one(policy: str) -> None:
    retaining.run_in_batches(policy=policy)
