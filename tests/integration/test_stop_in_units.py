"""The console's stop on a real systemd: the process that hears the network pulls it, root's half hears it, and root's own stop stays root's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from actor.model import StepFailed
from tests.integration import test_executor
from tests.integration.test_executor import as_actor, restart_through_root

if TYPE_CHECKING:
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

installed = test_executor.installed


def say_at_the_console(word: str) -> str:
    """Log in at the actor's console, send the form of a word on everything, and return what the page says of it; it runs inside the machine."""
    base, session = "http://127.0.0.1:9922", requests.Session()
    # It may have been started a moment ago.
    session.mount(base, HTTPAdapter(max_retries=Retry(connect=10, backoff_factor=0.2)))

    def send(page: str, form: str, **fields: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', session.get(base + page, timeout=60).text)
        assert token is not None
        return session.post(base + form, {"csrf_token": token[1], **fields}, timeout=60).text

    send("/login", "/login", name="ada", token="2f8e02c7b6a59d341")
    told = send("/controls", f"/controls/{word}", sure="1", reason="smoke")
    return re.sub(r"<[^>]+>", "", told.split('class="message', 1)[1].split("</p>")[0])


def test_root_hears_the_stop_of_the_console_whose_process_may_lift_no_stop_of_root_s(installed: Machine) -> None:
    assert "everything is stopped, until you resume" in installed.call(say_at_the_console, "stop")
    try:
        assert installed.run("stat", "--format=%U %a", "/var/lib/homeostat/stop").strip() == "homeostat 644"
        with pytest.raises(StepFailed, match=r"stopped: by ada@console at .*: smoke"):
            installed.call(as_actor, restart_through_root)
        installed.write("/var/lib/homeostat-executor/stop", "by root: really")
        assert "it was pulled on the host, where root lifts it" in installed.call(say_at_the_console, "resume")
        with pytest.raises(StepFailed, match="stopped: by root: really"):
            installed.call(as_actor, restart_through_root)
    finally:
        installed.run("rm", "-f", "/var/lib/homeostat-executor/stop")
    told = installed.call(say_at_the_console, "resume")
    # There is no Alertmanager here; the stop is not among what could not be taken back.
    assert "the stop:" not in told, told
    assert installed.call(as_actor, restart_through_root)["status"] == 0
