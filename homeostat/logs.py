"""Logging as Prometheus and Alertmanager do it: one line an event, logfmt or JSON, to standard error."""

from __future__ import annotations

import json
import logging
import sys

from homeostat.clock import rfc3339

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")


class _Formatter(logging.Formatter):
    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        level = "warn" if record.levelname == "WARNING" else record.levelname.lower()
        fields = {"ts": rfc3339(record.created), "level": level, "caller": record.name, "msg": record.getMessage()}
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        if self._form == "json":
            return json.dumps(fields)
        return " ".join(f"{key}={_logfmt(value)}" for key, value in fields.items())


def _logfmt(value: str) -> str:
    plain = value.isprintable() and not any(letter in value for letter in ' "=')
    return value if plain and value else json.dumps(value)


def configure(level: str, form: str) -> None:
    """Send every record at or above `level` to standard error in `form` (`logfmt` or `json`)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(form))
    logging.basicConfig(level="WARNING" if level == "warn" else level.upper(), handlers=[handler], force=True)
    for noisy in ("urllib3", "waitress.queue", "prometheus_api_client"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
