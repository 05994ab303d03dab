"""GET `/api/v1/observations`: what the observers saw of this host, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter import sights

if TYPE_CHECKING:
    from collections.abc import Callable

    import flask

    from exporter.collector import State
    from homeostat.clock import Clock


def observation_routes(app: flask.Flask, state: Callable[[], State], clock: Clock) -> None:
    """Add the address to `app`."""

    @app.get("/api/v1/observations")
    def observations() -> dict[str, Any]:
        return {"observers": {name: sights.as_json(look, clock.monotonic()) for name, look in state().looks.items()}}
