"""An archive on its way to whoever fetches it, whole or from where a download broke off."""

import re

from django.http import HttpResponse

from accounts.privacy.models import Export
from core.headers import NEVER_KEPT

_RANGE = re.compile(r"^bytes=(\d{1,12})-(\d{0,12})$", re.ASCII)


def file_answer(asked: str, export: Export, content: bytes) -> HttpResponse:
    """Answer the archive, or one part of it; a request for several parts gets the whole, as RFC 9110 allows.

    :param asked: the request's Range header
    """
    status, headers = 200, {"Accept-Ranges": "bytes", "Cache-Control": NEVER_KEPT}
    part = _RANGE.match(asked)
    if part:
        first, last = int(part[1]), min(int(part[2] or len(content)), len(content) - 1)
        if first > last:
            return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{len(content)}"})
        status = 206
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        content = content[first : last + 1]
    headers |= {
        "Content-Disposition": f'attachment; filename="buka-{export.requested_at:%Y-%m-%d}.zip"',
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{export.public_id.hex}"',
    }
    return HttpResponse(content, content_type="application/zip", status=status, headers=headers)
