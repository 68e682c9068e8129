"""Background tasks know which request asked for them: its id travels in the message's headers."""

from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun

from core.audit.context import Context, _current, current, new_request_id, sane_request_id, write_what_was_put_off

HEADER = "buka_request_id"


def connect() -> None:
    before_task_publish.connect(_hand_on, dispatch_uid="core.audit")
    task_prerun.connect(_open, dispatch_uid="core.audit")
    task_postrun.connect(_close, dispatch_uid="core.audit")


def _hand_on(headers: dict[str, Any] | None = None, **_kwargs: Any) -> None:
    if headers is not None and current().request_id:
        headers[HEADER] = current().request_id


def _open(task: Any = None, **_kwargs: Any) -> None:
    given = task.request.get(HEADER) or (task.request.headers or {}).get(HEADER)
    context = Context(
        door="task", request_id=sane_request_id(given) if given else new_request_id(), user_agent=str(task.name)
    )
    # A task called inside a request (tests, retries in place) must give the request its context back.
    task.request.update(audit_context_before=_current.get())
    _current.set(context)


def _close(task: Any = None, **_kwargs: Any) -> None:
    context = _current.get()
    try:
        if context is not None and context.door == "task":
            write_what_was_put_off(context)
    finally:
        _current.set(task.request.get("audit_context_before"))
