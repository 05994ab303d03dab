"""What all tests share: generated cases take as long as a busy machine needs."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("homeostat", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("homeostat")
