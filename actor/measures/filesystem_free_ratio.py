"""The free share of a file system, after a sync."""

from __future__ import annotations

from actor.model import Measure
from actor.space import free_ratio

MEASURE = Measure(read=free_ratio)
