"""What tests do in a machine of their own, however it is entered: run commands and our functions, write files."""

from __future__ import annotations

import dataclasses
import pickle
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

T = TypeVar("T")

PYTHON = (3, 11)
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "PYTHONPATH": "/homeostat:/site-packages",
    "PYTHONDONTWRITEBYTECODE": "1",
}

# Runs in the machine: a function and its arguments come in by name and value, what it gave or raised goes back.
_INSIDE = """
import pickle, sys, traceback
try:
    function, arguments = pickle.load(sys.stdin.buffer)
    answer = (function(*arguments), None)
except Exception as error:
    error.add_note(traceback.format_exc())
    answer = (None, error)
sys.stdout.buffer.write(pickle.dumps(answer))
"""


@dataclasses.dataclass(frozen=True)
class Machine:
    """A booted Debian 12; `enter(argv, given)` runs a command in it with that on its standard input. What is done in it is gone with it."""

    enter: Callable[[tuple[str, ...], bytes], subprocess.CompletedProcess[bytes]]

    def run(self, *argv: str, check: bool = True) -> str:
        """Run a command in the machine and return what it printed; raises AssertionError when it fails and `check`."""
        completed = self.enter(argv, b"")
        output = (completed.stdout + completed.stderr).decode()
        assert completed.returncode == 0 or not check, f"{' '.join(argv)}: exit {completed.returncode}: {output}"
        return output

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Run a module's function with the machine's own Python, return what it returns and raise what it raises."""
        completed = self.enter(("/usr/bin/python3", "-c", _INSIDE), pickle.dumps((function, arguments)))
        assert completed.returncode == 0, completed.stderr.decode()
        value, error = pickle.loads(completed.stdout)
        if error is not None:
            raise error
        returned: T = value
        return returned

    def write(self, path: str, text: str) -> None:
        """Write a file in the machine, making its folders."""
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        completed = self.enter(("/bin/sh", "-c", script, "sh", path), text.encode())
        assert completed.returncode == 0, completed.stderr.decode()
