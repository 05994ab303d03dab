"""A service of the sandbox: really holds memory, and serves what prometheus_client tells of its process."""

from __future__ import annotations

import argparse
import math
import random
import time

import prometheus_client

STEP_SECONDS = 0.5
MIB = 1024 * 1024
# Past its limit it need not eat the host, however long it is left running.
MOST_BYTES = 200 * MIB


def wanted_bytes(kind: str, age_seconds: float, chance: random.Random) -> float:
    """Return how much a service of this kind holds at an age."""
    if kind == "steady":
        return min(0.45 * MIB * age_seconds, MOST_BYTES)
    # Its growth slows so that the limit stays about one horizon away, and it breathes: a prediction that stays weak.
    growing = 92 * MIB + 40 * MIB * (1 - math.exp(-age_seconds / 560))
    return growing + chance.uniform(0, 3 * MIB)


def main() -> None:
    """Hold more and more memory until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kind", choices=["steady", "hesitant"], required=True)
    options = parser.parse_args()
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    prometheus_client.start_http_server(options.port, addr="127.0.0.1")
    held: list[bytearray] = []
    begun, chance = time.monotonic(), random.Random(7)
    while True:
        wanted = wanted_bytes(options.kind, time.monotonic() - begun, chance)
        while len(held) * MIB < wanted:
            held.append(bytearray(b"\x01") * MIB)
        while held and (len(held) - 1) * MIB > wanted:
            held.pop()
        time.sleep(STEP_SECONDS)


if __name__ == "__main__":
    main()
