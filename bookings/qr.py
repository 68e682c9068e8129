"""QR codes for pages that are shown at a door."""

import segno
from django.utils.safestring import SafeString, mark_safe


def qr_of(address: str) -> SafeString:
    """Return the QR code of an address as SVG; at error level M a folded printout can still be read."""
    code = segno.make(address, error="m", micro=False)
    svg = code.svg_inline(omitsize=True, border=2, svgclass=None, lineclass=None, dark="#000", light="#fff")
    return mark_safe(svg)  # noqa: S308  # drawn here, from an address of ours
