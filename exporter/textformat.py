"""Prometheus' text format 0.0.4: labels, numbers and lines."""

from __future__ import annotations

import math

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def labels_text(**labels: str) -> str:
    """Write labels as they stand between the braces, in the order given."""
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in labels.items()])


def line(name: str, labels: str, value: float) -> str:
    """Write one sample; `labels` as `labels_text` writes them."""
    return f"{name}{{{labels}}} {_number(value)}\n"


def head(name: str, text: str) -> str:
    """Write what stands before the samples of a metric; `text` is one line without backslashes."""
    kind = "counter" if name.endswith("_total") else "gauge"
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def _number(value: float) -> str:
    if math.isfinite(value):
        return f"{float(value)}"
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
