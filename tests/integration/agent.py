"""Runs inside a virtual machine and does what the host asks over one connection per command: `pickle` in, `pickle` out."""

from __future__ import annotations

import pickle
import socketserver
import subprocess
import sys

from tests.integration.guest import ENVIRONMENT


class Command(socketserver.StreamRequestHandler):
    """One command: (argv, standard input) comes in, (exit code, standard output, standard error) goes back."""

    def handle(self) -> None:
        argv, given = pickle.load(self.rfile)
        done = subprocess.run(argv, input=given, capture_output=True, env=ENVIRONMENT, check=False)
        pickle.dump((done.returncode, done.stdout, done.stderr), self.wfile)


class Agent(socketserver.ThreadingTCPServer):
    """Many commands at a time."""

    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    Agent(("0.0.0.0", int(sys.argv[1])), Command).serve_forever()
