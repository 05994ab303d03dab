"""Completion in the shells themselves, on a terminal of their own: as typed, with the tabulator pressed."""

from __future__ import annotations

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import sys
import time

import pytest
import yaml

PATIENCE_SECONDS = 60
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(homeostat completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'eval "$(homeostat completion zsh)"'),
    "fish": (["fish", "--no-config", "--interactive"], "homeostat completion fish | source"),
}
_STEERS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07]*\x07|\r|\x07|\x0f")


class Terminal:
    """A shell on a pseudo terminal, and all that it showed."""

    def __init__(self, shell: str, folder: pathlib.Path) -> None:
        """Start it in an empty home, with our own program first in its path."""
        environment = {
            "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8", "PS1": "$ ", "COLUMNS": "200", "LINES": "50",
            "HOMEOSTAT_CONFIG": str(folder / "homeostat.yml"), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder),
        }  # fmt: skip
        self.shown = ""
        self.pid, self._door = pty.fork()
        if self.pid == 0:
            os.execvpe(SHELLS[shell][0][0], SHELLS[shell][0], environment)

    def types(self, text: str) -> None:
        """Press the keys."""
        os.write(self._door, text.encode())

    def shows(self, text: str) -> None:
        """Wait until the text is on the screen, then forget what was shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in _STEERS.sub("", self.shown):
            assert time.monotonic() < deadline, f"{text!r} is not in {_STEERS.sub('', self.shown)!r}"
            if select.select([self._door], [], [], 0.2)[0]:
                self.shown += os.read(self._door, 65536).decode(errors="replace")
        self.shown = ""

    def end(self) -> None:
        """End the shell."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._door)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_and_names_without_any_server(shell: str, tmp_path: pathlib.Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} is installed here: make test-packages")
    settings = {"host": "nas", "services": {"jellyfin": {"manager": "systemd", "unit": "jellyfin.service"}}, "filesystems": {"/srv/media": {}}, "actor": {"url": "http://127.0.0.1:1"}, "exporter": {"url": "http://127.0.0.1:1"}}
    (tmp_path / "homeostat.yml").write_text(yaml.safe_dump(settings))
    terminal = Terminal(shell, tmp_path)
    try:
        # The echo of what is typed does not hold what is waited for.
        terminal.types(f"{SHELLS[shell][1]}; echo rea''dy\n")
        terminal.shows("ready")
        for typed, whole in (("homeostat playb", "playbooks"), ("homeostat playbooks show disk-cl", "disk-cleanup"), ("homeostat pause --filesystem /srv/m", "/srv/media"), ("homeostat why jell", "jellyfin"), ("homeostat observations dep", "deployments")):
            terminal.types(f"{typed}\t")
            terminal.shows(whole)
            terminal.types("\x15")
    finally:
        terminal.end()
