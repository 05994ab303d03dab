"""The free share of a file system, after a sync."""

from __future__ import annotations

from actor.disk.space import free_ratio
from actor.kinds import Measure

MEASURE = Measure(read=free_ratio, acts_on=("filesystem", "backup-filesystem"))
