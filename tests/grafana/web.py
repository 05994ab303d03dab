"""What is written for a browser in `grafana/shots`: its libraries, its bundles, and the page that runs one."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from grafana import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

FOLDER = generate.DIRECTORY.parent / "shots"
MODULES = FOLDER / "node_modules"
CHROMIUM = pathlib.Path("/usr/bin/chromium")
ORIGIN = "http://dashboard.test/"
_INSTALL_SECONDS = 600
_HTML = '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body><div id="root"></div><script src="page.js"></script>'
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


def install(*, everything: bool) -> None:
    """Install the libraries that the lock file names, if they are not there: all, or only what the check needs.

    A test is skipped where there is no npm.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is missing: apt-get install npm")
    lock, done = FOLDER / "package-lock.json", MODULES / (".all" if everything else ".some")
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    argv = [npm, "ci", "--no-progress", *([] if everything else ["--omit=dev"])]
    subprocess.run(argv, cwd=FOLDER, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    for name in (".all", ".some") if everything else (".some",):
        (MODULES / name).touch()


def bundle(entry: str, folder: pathlib.Path) -> None:
    """Write `page.js` (and `page.css`) into `folder`: `entry` with everything it imports."""
    argv = [
        str(MODULES / ".bin" / "esbuild"),
        entry,
        "--bundle",
        "--minify",
        f"--outfile={folder / 'page.js'}",
        "--define:process.env.NODE_ENV='production'",
        "--loader:.woff=dataurl",
        "--loader:.woff2=dataurl",
        "--jsx=automatic",
        "--log-level=error",
    ]
    subprocess.run(argv, cwd=FOLDER, check=True)
    (folder / "page.html").write_text(_HTML, encoding="utf-8")


@contextlib.contextmanager
def opened(folder: pathlib.Path, **context: Any) -> Iterator[Page]:
    """Open the page in `folder` in Debian's Chromium; nothing but that folder, Grafana's icons and loopback answers it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(**context).new_page()
        page.route(f"{ORIGIN}**", functools.partial(_answer, folder))
        yield page
        browser.close()


def _answer(folder: pathlib.Path, route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    icon = path.startswith("public/build/")
    file = MODULES / "@grafana/ui/dist/public" / path.removeprefix("public/build/") if icon else folder / path
    if file.is_file():
        route.fulfill(path=file, content_type=_TYPES[file.suffix])
    else:
        route.fulfill(status=404, body="")
