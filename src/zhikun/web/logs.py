"""What the platform writes to its log: one line of JSON for each event, without personal data.

Messages of our code name no person. As a last defence, long numbers and telephone numbers are masked in everything, and of an
error only its type and the places it went through are written: messages of errors quote data.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zhikun.audit.context import in_hand

HIDDEN = "***"
_DIGIT = "[0-9\uff10-\uff19]"
# An identity number, old or new, a bank account; full-width digits and spaces between them count too.
_LONG = re.compile(rf"(?<!{_DIGIT}){_DIGIT}(?:[ \u3000-]?{_DIGIT}){{13,18}}(?:[ \u3000-]?[XxＸｘ])?")
_PHONE = re.compile(rf"(?<!{_DIGIT})[1１][3-9３-９](?:[ \u3000-]?{_DIGIT}){{9}}(?!{_DIGIT})")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
_MOST_FRAMES = 12


def configuration(file: Path | None) -> dict[str, Any]:
    """The setting LOGGING: everything from INFO on, to standard error or to a file that a rotating program may move away."""
    to: dict[str, Any] = (
        {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
        if file is None
        else {"class": "logging.handlers.WatchedFileHandler", "filename": str(file), "encoding": "utf-8"}
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "zhikun.web.logs.Lines"}},
        "handlers": {"lines": {**to, "formatter": "lines"}},
        "root": {"handlers": ["lines"], "level": "INFO"},
        "loggers": {
            # Our own line for each request says it; Django's quotes the path.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "log": record.name,
            "what": _message(record),
        }
        asked = in_hand()
        if asked is not None:
            line["request"] = str(asked.id)
        line |= {
            name: _plain(value) for name, value in record.__dict__.items() if name not in _STANDARD and _is_plain(value)
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= _error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def masked(text: str) -> str:
    """The text without numbers that may belong to a person. Our own row ids stay."""
    kept = _UUID.findall(text)
    hidden = _PHONE.sub(HIDDEN, _LONG.sub(HIDDEN, _UUID.sub("\0", text)))
    for one in kept:
        hidden = hidden.replace("\0", one, 1)
    return hidden


def _message(record: logging.LogRecord) -> str:
    # Django's words about a failed request quote its path, which may hold a search.
    if record.name == "django.request":
        return "request failed"
    return masked(record.getMessage())


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool | uuid.UUID)


def _plain(value: Any) -> Any:
    if isinstance(value, str | uuid.UUID):
        return masked(str(value))
    if isinstance(value, int) and not isinstance(value, bool) and masked(str(value)) != str(value):
        return HIDDEN
    return value


def _error(error: BaseException) -> dict[str, Any]:
    """The types of an error and of what caused it, its SQLSTATE, and where it arose, innermost last: never its message."""
    types: list[str] = []
    code: str | None = None
    cause: BaseException | None = error
    while cause is not None and len(types) < 5:
        types.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        code = code or getattr(cause, "sqlstate", None)
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    where = [f"{'/'.join(Path(f.filename).parts[-3:])}:{f.lineno} {f.name}" for f in frames]
    return {"error": types, "where": where, **({"sqlstate": code} if code else {})}
