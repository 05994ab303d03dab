"""Fills the sandbox with old logs at an uneven pace; for a plain directory it also publishes how full that is."""

from __future__ import annotations

import argparse
import errno
import itertools
import os
import pathlib
import random
import time

MIB = 1024 * 1024
DAY_SECONDS = 86400
STEP_SECONDS = 1.0


def write_log(folder: pathlib.Path, number: int, size_bytes: int) -> None:
    """Write one rotated log, as if it were days old."""
    path = folder / f"app.log.{number}"
    path.write_bytes(os.urandom(size_bytes))
    then = time.time() - 3 * DAY_SECONDS + number
    os.utime(path, (then, then))


def publish(directory: pathlib.Path, textfile: pathlib.Path) -> None:
    """Tell node_exporter's textfile collector how many bytes the directory holds."""
    used = sum(path.lstat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())
    aside = textfile.with_suffix(".new")
    aside.write_text(f"# HELP sandbox_used_bytes Bytes that the sandbox holds.\n# TYPE sandbox_used_bytes gauge\nsandbox_used_bytes {used}\n")
    aside.replace(textfile)


def main() -> None:
    """Write until killed, or until the file system is full."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--mib-per-second", type=float, required=True)
    parser.add_argument("--most-mib", type=int, required=True)
    parser.add_argument("--textfile", type=pathlib.Path)
    options = parser.parse_args()
    folder, chance = options.directory / "logs", random.Random(3)
    folder.mkdir(exist_ok=True)
    written = 0.0
    for number in itertools.count():
        size = options.mib_per_second * STEP_SECONDS * chance.uniform(0.2, 1.8)
        if written + size < options.most_mib:
            try:
                write_log(folder, number, int(size * MIB))
                written += size
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        if options.textfile is not None:
            publish(options.directory, options.textfile)
        time.sleep(STEP_SECONDS)


if __name__ == "__main__":
    main()
