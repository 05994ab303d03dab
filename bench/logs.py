"""What a look at the journal costs when it is large: a real journal of 1 GB, written by Debian's systemd-journal-remote.

    python -m bench.logs [--megabytes 1024]

Prints JSON: how large the journal became, and for each kind of look its wall and processor seconds (ours and journalctl's) and lines read.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import resource
import subprocess
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any

from exporter.logbook import journal
from exporter.observation import Looking
from exporter.observers.logs import OBSERVER, Facts, Memory
from homeostat.config import Config, loads

if TYPE_CHECKING:
    from collections.abc import Callable

REMOTE = "/lib/systemd/systemd-journal-remote"
CONFIG = loads("host: h1\nservices: {web: {manager: systemd, unit: web.service}}", Config, "bench.yml")
RATE = 50.0
ERRORS = ("connect ECONNREFUSED 127.0.0.1:6379", "upstream timed out (110: Connection timed out)", "open /srv/app/db: permission denied", "bind() to 0.0.0.0:80 failed (98: Address already in use)")


def main() -> None:
    """Write a journal and look at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-", dir="/var/tmp") as scratch:
        folder = pathlib.Path(scratch)
        now = time.time()
        _write(folder, megabytes, now)
        journal.JOURNALCTL = _reading(folder)  # type: ignore[misc]
        print(json.dumps({"journal_bytes": _size(folder), "lines_a_second": RATE, "looks": _looks(now)}, indent=1))


def _write(folder: pathlib.Path, megabytes: int, now: float) -> None:
    """Write lines of fifty a second that end now, until the journal is as large: about a kilobyte of disk is one line."""
    chance = random.Random(7)
    lines = megabytes * 1024
    with subprocess.Popen([REMOTE, f"--output={folder}/system.journal", "--compress=no", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        for number in range(lines):
            _entry(process.stdin, now - (lines - number) / RATE, number, chance)


def _entry(stream: IO[bytes], at: float, number: int, chance: random.Random) -> None:
    message = chance.choice(ERRORS) if number % 50 == 0 else f"GET /item/{chance.getrandbits(48):x} 200 {chance.random():.4f} s " + f"{chance.getrandbits(2400):x}"
    fields = {
        "__REALTIME_TIMESTAMP": int(at * 1e6), "__MONOTONIC_TIMESTAMP": int(number / RATE * 1e6), "_BOOT_ID": "1" * 32, "_MACHINE_ID": "2" * 32,
        "MESSAGE": message, "PRIORITY": 6, "_SYSTEMD_UNIT": f"{chance.choice(('web', 'db', 'proxy'))}.service", "_PID": number % 4000, "_TRANSPORT": "stdout",
    }  # fmt: skip
    stream.write("".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b"\n")


def _size(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.journal"))


def _reading(folder: pathlib.Path) -> str:
    script = folder / "journalctl"
    script.write_text(f'#!/bin/sh\nexec /usr/bin/journalctl --directory={folder} "$@"\n')
    script.chmod(0o755)
    return str(script)


def _looks(now: float) -> dict[str, Any]:
    first, facts, sight = _timed(now, None)
    following, _, _ = _timed(now, sight.memory)
    behind, _, _ = _timed(now, Memory(watched_since=now - 86400, read_to=now - 600, cursor=_cursor_at(now - 600)))
    assert facts.lines
    lost, _, _ = _timed(now, Memory(watched_since=now - 86400, read_to=now - 600, cursor="s=nonsense"))
    away, _, _ = _timed(now, Memory(watched_since=now - 86400, read_to=now - 86400, cursor=_cursor_at(now - 14400)))
    return {"the first": first, "nothing new": following, "ten minutes behind": behind, "with a cursor that is gone": lost, "after a day away": away}


def _timed(now: float, memory: Memory | None) -> tuple[dict[str, float], Facts, Any]:
    facts, seconds, used = _measured(lambda: OBSERVER.gather(Looking(CONFIG, now, memory)))
    sight, reading_seconds, reading_used = _measured(lambda: OBSERVER.read(facts, Looking(CONFIG, now, memory)))
    told = {"gather_seconds": seconds, "gather_processor_seconds": used, "read_seconds": reading_seconds, "read_processor_seconds": reading_used, "lines": len(facts.lines)}
    return {name: round(value, 4) for name, value in told.items()}, facts, sight


def _measured(work: Callable[[], Any]) -> tuple[Any, float, float]:
    began, before = time.monotonic(), _used()
    done = work()
    return done, time.monotonic() - began, _used() - before


def _used() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _cursor_at(at: float) -> str | None:
    return journal.read_on(journal.Place(None, at), 1).cursor


if __name__ == "__main__":
    main()
