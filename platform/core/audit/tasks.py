import logging

from celery import shared_task

from core import audit
from core.audit import digest_file, seals, verifying, watching

logger = logging.getLogger(__name__)


@shared_task(name="core.audit.seal")
def seal() -> None:
    seals.seal_all()


@shared_task(name="core.audit.watch")
def watch() -> None:
    watching.watch()


@shared_task(name="core.audit.verify")
def verify() -> None:
    """Recompute the chain, every night; what does not fit becomes an alert."""
    path = digest_file.place()
    report = verifying.verify(digests=path if path is not None and path.is_file() else None)
    if path is not None and not path.is_file() and report.seals:
        logger.error("The file of the audit's digests, %s, is gone", path)
        report.findings.append(verifying.Finding("digest_differs", None, says="The file of digests is gone."))
    if report.is_sound:
        logger.info("The audit's chain is whole: %d events under %d seals", report.rows, report.seals)
        return
    for finding in report.findings[:20]:
        logger.error("verify_audit: %s", finding)
    first = report.findings[0]
    audit.record(
        "audit.broken",
        outcome="failed",
        details={"findings": len(report.findings), "kind": first.kind, "seal": first.seal, "row": first.row},
    )
    watching.watch()
