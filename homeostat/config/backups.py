"""Backups as snapshots on btrfs: what is backed up, where its snapshots lie, whose names they bear, and which of them stay."""

from __future__ import annotations

import datetime
import itertools
import pathlib
import re
from typing import TYPE_CHECKING, Literal

from homeostat.config.catalogue import Argv, program
from homeostat.config.section import DAY, HOUR, Positive, Section, exact_path, lasting
from homeostat.config.units import Duration
from homeostat.time_intervals import zone

if TYPE_CHECKING:
    from homeostat.config.catalogue import Filesystem

# Root's door is open for little longer (RuntimeMaxSec).
MOST_SECONDS = 80
Tool = Literal["btrbk", "snapper", "other"]


class Keep(Section, frozen=True, kw_only=True):
    """Which snapshots a rotation keeps beside the newest: of each day, week and month the first."""

    all: Duration = Duration(7 * DAY)
    """Everything that is younger."""
    dailies: Duration = Duration(30 * DAY)
    """Until what age one of each day stays."""
    weeklies: Duration = Duration(182 * DAY)
    """Until what age one of each week stays."""
    monthlies: Duration | None = None
    """Until what age one of each month stays; null is for ever."""

    def __post_init__(self) -> None:
        """Refuse ages that do not ascend: what a week is to have must not go while it is a day old."""
        lasting("all", self.all)
        ages = {"all": self.all, "dailies": self.dailies, "weeklies": self.weeklies}
        ages |= {"monthlies": self.monthlies} if self.monthlies is not None else {}
        names = list(ages)
        for shorter, longer in itertools.pairwise(names):
            if ages[longer] < ages[shorter]:
                raise ValueError(f"{longer} {ages[longer]} must not be less than {shorter} {ages[shorter]}")


class Integrity(Section, frozen=True, kw_only=True):
    """How it is seen that what was backed up can be read."""

    command: Argv | None = None
    """A program that succeeds while it can, as in [/usr/bin/restic, check], run once in `exporter.observers.backup_integrity.every`."""
    deadline: Duration = Duration(60)
    """How long the program may take before it is ended, 80s at most."""
    marker: str | None = None
    """Or a file that your own check writes anew each time it succeeds."""
    max_age: Duration = Duration(8 * DAY)
    """How old that file may grow."""

    def __post_init__(self) -> None:
        """Refuse what says nothing, or two things."""
        if (self.command is None) == (self.marker is None):
            raise ValueError("give either command (a program that succeeds while it is sound) or marker (a file that your own check writes)")
        if self.command is not None:
            program(self.command)
        if self.marker is not None:
            exact_path("marker", self.marker)
        lasting("deadline", self.deadline)
        if self.deadline > MOST_SECONDS:
            raise ValueError(f"deadline {self.deadline} must be at most {MOST_SECONDS}s; let what takes longer run by a timer of its own that writes a marker")
        lasting("max_age", self.max_age)


class RestoreTest(Section, frozen=True, kw_only=True):
    """When it was last tried to restore something."""

    stamp: str
    """A file that your own test writes anew each time something was restored."""
    max_age: Duration = Duration(90 * DAY)
    """How long ago that may be."""

    def __post_init__(self) -> None:
        """Refuse a file that lies nowhere."""
        exact_path("stamp", self.stamp)
        lasting("max_age", self.max_age)


class Backup(Section, frozen=True, kw_only=True):
    """A folder of snapshots, each a read-only btrfs subvolume named by what it is of and when it was taken."""

    sources: dict[str, str]
    """What is backed up: by the word that its snapshots' names begin with (snapper's have none: any word), the path of the subvolume, here or on the host it comes from."""
    directory: str
    """Where its snapshots lie."""
    tool: Tool = "btrbk"
    """Who names them: btrbk (data.20260131T0200), snapper (numbered folders with info.xml), or other, with time_format."""
    time_format: str | None = None
    """What follows the word where tool is other, as strftime writes it: -%Y-%m-%d_%H%M."""
    timezone: str = "Local"
    """The time zone that their names, and their days, weeks and months are told in, as in Europe/Berlin; Local is the host's own."""
    filesystem: str | None = None
    """The file system it lies on, by its name in `filesystems`: there a rotation may delete what is redundant. Without one nothing of it is ever deleted."""
    keep: Keep = Keep()
    """Which snapshots a rotation keeps."""
    least_count: Positive = 3
    """How many of each source stay whatever their age."""
    max_age: Duration = Duration(26 * HOUR)
    """How old the newest snapshot of each source may grow before it is a problem; at three times that it is critical."""
    integrity: Integrity | None = None
    """How it is seen that what was backed up can be read."""
    restore_test: RestoreTest | None = None
    """When it was last tried to restore something."""

    def __post_init__(self) -> None:
        """Refuse what does not say exactly one place, or names that nobody can read."""
        exact_path("directory", self.directory)
        lasting("max_age", self.max_age)
        zone(self.timezone)
        if not self.sources:
            raise ValueError("sources must name what is backed up, as in {data: /srv/data}")
        for word, path in self.sources.items():
            if "/" in word:
                raise ValueError(f"sources: {word!r} begins a name, which has no slash")
            exact_path(f"sources: {word}", path)
        if self.tool == "snapper" and len(self.sources) > 1:
            raise ValueError("snapper's folder is of one subvolume: sources must have one entry")
        self._readable()

    def _readable(self) -> None:
        """Refuse a format of time that does not tell the day. Raises ValueError."""
        if (self.tool == "other") != (self.time_format is not None):
            raise ValueError("time_format is for tool other, which needs it, as in -%Y-%m-%d_%H%M")
        if self.time_format is None:
            return
        day = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
        try:
            read = datetime.datetime.strptime(day.strftime(self.time_format), self.time_format).replace(tzinfo=datetime.UTC)
        except (ValueError, re.error) as error:
            raise ValueError(f"time_format {self.time_format!r} cannot be read back: {error}") from None
        if read.date() != day.date():
            raise ValueError(f"time_format {self.time_format!r} must tell year, month and day, as in -%Y-%m-%d_%H%M")


def placed(backups: dict[str, Backup], filesystems: dict[str, Filesystem]) -> None:
    """See that each backup lies where it says, on a file system that is known, and that no two lie in one folder.

    Raises:
        ValueError: it names the backup, what is wrong, and what is known.

    """
    folders: dict[str, str] = {}
    for name, backup in backups.items():
        twin = folders.setdefault(backup.directory, name)
        if twin != name:
            raise ValueError(f"backups.{name}.directory {backup.directory} is that of {twin} too; name its sources there")
        if backup.filesystem is None:
            continue
        if backup.filesystem not in filesystems:
            raise ValueError(f"backups.{name}.filesystem {backup.filesystem!r} is not in filesystems; known: {', '.join(sorted(filesystems)) or 'none'}")
        filesystem = filesystems[backup.filesystem]
        place = filesystem.path or backup.filesystem
        if filesystem.size is not None:
            raise ValueError(f"backups.{name}.filesystem {backup.filesystem!r} is a directory with a size of its own; snapshots share a whole file system")
        if not pathlib.PurePosixPath(backup.directory).is_relative_to(place):
            raise ValueError(f"backups.{name}.directory {backup.directory} does not lie below {place}, where its file system is")


def holders(backups: dict[str, Backup]) -> tuple[str, ...]:
    """Return the names of the file systems on which backups may be rotated."""
    return tuple(sorted({backup.filesystem for backup in backups.values() if backup.filesystem is not None}))
