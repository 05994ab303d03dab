"""What was deployed is kept and let go only while something may be touched at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from actor.deployments import keeper, store
from actor.disk import copies
from tests.support import NOW, Host, configured

if TYPE_CHECKING:
    from homeostat.config import Config

LEFT = ("homeostat-deployment-0123456789abcdef", f"homeostat-deployment-fedcba9876543210{copies.UNFINISHED}")


@pytest.fixture
def config(host: Host) -> Config:
    """Configure a host with what is kept of a service that is in the catalogue no more, once whole and once half."""
    config = configured(host.settings())
    deployment = store.Deployment(service="gone", unit="gone.service", user=None, image=None, started_at=NOW)
    for name in LEFT:
        folder = store.folder_of(config) / name
        folder.mkdir(parents=True)
        (folder / "deployment.json").write_bytes(msgspec.json.encode(deployment))
    return config


def left(config: Config) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in store.folder_of(config).iterdir()))


def test_what_the_catalogue_has_no_more_goes(config: Config) -> None:
    assert keeper.keep_good(config, NOW) == ("an earlier deployment of gone is kept no longer, for the catalogue has it no more",)
    assert left(config) == ()


def test_under_a_stop_nothing_goes(config: Config, host: Host) -> None:
    (host.folder / "state" / "stop").write_text("by ada: enough")
    assert keeper.keep_good(config, NOW) == ()
    assert left(config) == LEFT


def test_in_shadow_nothing_goes(config: Config, host: Host) -> None:
    shadow = configured(host.settings(), autonomy={"mode": "shadow"})
    assert keeper.keep_good(shadow, NOW) == ()
    assert left(config) == LEFT


