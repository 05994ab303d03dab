"""What both daemons do alike: their flags, their health pages, serving, reload and a clean end."""

from __future__ import annotations

import dataclasses
import http
import logging
import pathlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, NoReturn

import click
import flask
import waitress.trigger
import waitress.wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.utilities import BadRequest, RequestEntityTooLarge

from homeostat import __version__, logs, struct_types
from homeostat.addresses import names_loopback
from homeostat.config import DEFAULT_CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

MOST_BODY_BYTES = 1024 * 1024
_DRAIN_SECONDS = 10
# A client that is slow holds a connection, no thread: there are many, and none waits for ever.
_MOST_CONNECTIONS = 500
_SLOW_CLIENT_SECONDS = 30


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """What the health pages ask: `unready()` says why not (None when ready), `reload()` reads the file again."""

    unready: Callable[[], str | None]
    reload: Callable[[], str | None]
    may_reload: Callable[[str | None], bool]


def flags(default_port: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a daemon's command the flags that Prometheus users know; each arrives as a parameter of its name."""
    options = [
        click.option("--config.file", "config_file", type=click.Path(path_type=pathlib.Path), default=DEFAULT_CONFIG, show_default=True, help="The configuration."),
        click.option("--config.check", "check_only", is_flag=True, help="Check the configuration, say what is wrong, and exit."),
        click.option("--web.listen-address", "listen_address", default=f"127.0.0.1:{default_port}", show_default=True, help="Where to listen, HOST:PORT."),
        click.option("--log.level", "log_level", type=click.Choice(logs.LEVELS), default="info", show_default=True),
        click.option("--log.format", "log_format", type=click.Choice(logs.FORMATS), default="logfmt", show_default=True),
        click.version_option(__version__, "--version"),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def die(message: str) -> NoReturn:
    """End the program with one line on standard error and exit code 1."""
    click.echo(f"error: {message}", err=True)
    sys.exit(1)


def health_routes(app: flask.Flask, health: Health) -> None:
    """Add `/-/healthy`, `/-/ready` and POST `/-/reload` to `app`, without slash redirects."""
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES

    @app.get("/-/healthy")
    def healthy() -> str:
        return "Healthy.\n"

    @app.get("/-/ready")
    def ready() -> tuple[str, int]:
        reason = health.unready()
        return (f"Not ready: {reason}\n", 503) if reason else ("Ready.\n", 200)

    @app.post("/-/reload")
    def reload() -> tuple[str, int]:
        if not health.may_reload(flask.request.headers.get("Authorization")):
            return "Reloading needs the operator's credential.\n", 401
        fault = health.reload()
        return (f"{fault}\n", 500) if fault else ("Reloaded.\n", 200)


def split_address(address: str) -> tuple[str, int]:
    """Read `HOST:PORT` (`:9921` and `[::1]:9921` too) into host and port.

    Raises:
        ValueError: there is no port between 0 and 65535.

    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"listen address {address!r} is not HOST:PORT, as in 127.0.0.1:9921")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - an empty host means all, as in Prometheus


def is_loopback(address: str) -> bool:
    """Say whether `HOST:PORT` listens on loopback only."""
    return names_loopback(split_address(address)[0])


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Says 400 or 413 of whatever is no request: a sender knows what to do with these, and not with 431 or 501."""

    @property
    def error(self) -> Any:
        """What is wrong with the request, or None."""
        return self._error

    @error.setter
    def error(self, error: Any) -> None:
        known = error is None or type(error) in {BadRequest, RequestEntityTooLarge} or error.code == http.HTTPStatus.INTERNAL_SERVER_ERROR
        self._error = error if known else BadRequest(error.body)

    _error: Any = None


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    parser_class = _Parser


class Server:
    """One process, many threads, behind waitress; bound as soon as it is made."""

    def __init__(self, app: flask.Flask, address: str, threads: int = 8) -> None:
        """Bind `address`.

        Raises:
            OSError: the address cannot be had; the message says which and why.

        """
        host, port = split_address(address)
        # Whatever threads there are begin after this.
        struct_types.read_all()
        self._sockets: dict[int, Any] = {}
        try:
            self._server = create_server(
                app,
                map=self._sockets,
                host=host,
                port=port,
                threads=threads,
                clear_untrusted_proxy_headers=True,
                max_request_body_size=MOST_BODY_BYTES + 1,
                connection_limit=_MOST_CONNECTIONS,
                channel_timeout=_SLOW_CLIENT_SECONDS,
                cleanup_interval=_SLOW_CLIENT_SECONDS // 3,
            )
        except OSError as error:
            raise OSError(f"cannot listen on {address}: {error.strerror or error}; is another process using it?") from None
        except ValueError:
            raise OSError(f"cannot listen on {address}: its host is not known here") from None
        self._server.channel_class = _Channel
        self._wake = waitress.trigger.trigger(self._sockets)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """The address at which this host reaches it."""
        host, port = self._server.effective_host, self._server.effective_port
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def close(self) -> None:
        """Finish the requests under way, then stop listening."""
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=_DRAIN_SECONDS)
        if not self._thread.is_alive():
            waitress.wasyncore.close_all(self._sockets)
            return
        # In the server's own thread: a socket that is closed under its select is an error there.
        self._wake.pull_trigger(lambda: waitress.wasyncore.close_all(self._sockets))
        self._thread.join(_DRAIN_SECONDS)


def wait_for_signals(stop: threading.Event, reload: Callable[[], str | None]) -> None:
    """Block until SIGTERM or SIGINT; SIGHUP calls `reload` meanwhile."""
    hung_up = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: hung_up.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.2):
        if hung_up.is_set():
            hung_up.clear()
            fault = reload()
            log.info("reload %s", fault or "succeeded")
