"""Webhooks as a hurried Alertmanager posts them: over connections that stay open, each its next when the last is answered."""

from __future__ import annotations

import dataclasses
import json
import selectors
import socket
import time

from homeostat.words import DECISIONS

ALERTNAMES = dict(zip(DECISIONS, ("HomeostatAutoExecute", "HomeostatNotifyExecute", "HomeostatPropose", "HomeostatAlertOnly"), strict=True))
_READ_BYTES = 65536


@dataclasses.dataclass(frozen=True)
class Answered:
    """How deliveries were answered: how many in how many seconds, each one's seconds in ascending order, and the codes but 202."""

    seconds: float
    latencies: list[float]
    refused: list[int]

    @property
    def per_second(self) -> float:
        """Deliveries answered a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share was answered."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def labels(host: str, target: str, decision: str = "auto-execute") -> dict[str, str]:
    """Return the labels of a decision to restart a service that leaks."""
    return {
        "alertname": ALERTNAMES[decision], "action": "service-restart", "risk": "low", "decision": decision, "severity": "warning", "host": host,
        "problem": "memory_leak", "target": target, "resource": "memory",
    }  # fmt: skip


def body(alerts: list[dict[str, str]]) -> bytes:
    """Return a webhook's body, version 4, of alerts with these labels, each with annotations as the rules write them."""
    annotations = {
        "confidence": "0.950", "summary": "memory_leak on h1 web", "runbook_url": "http://127.0.0.1:9922/runbooks/HomeostatAutoExecute.md",
        "description": "The memory of web grows by 12 MB an hour and reaches its limit in 19 h (90 %: 14 h to 27 h); it will be restarted, which a crash would do too.",
    }  # fmt: skip
    told = [
        {"status": "firing", "labels": said, "annotations": annotations, "startsAt": "2026-01-01T00:00:00.123Z", "endsAt": "0001-01-01T00:00:00Z",
         "generatorURL": "http://prometheus:9090/graph", "fingerprint": f"{number:016x}"}
        for number, said in enumerate(alerts)
    ]  # fmt: skip
    return json.dumps({"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "homeostat-actor", "alerts": told}).encode()


def post(port: int, token: str, bodies: list[bytes], connections: int) -> Answered:
    """Post all `bodies` to the loopback port over so many connections, as fast as they are answered."""
    head = f"POST /webhook HTTP/1.1\r\nHost: h\r\nUser-Agent: Alertmanager/0.25.0\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    requests = iter([f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content for content in bodies])
    latencies, refused = [], []
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            _send_next(selector, socket.create_connection(("127.0.0.1", port)), requests)
        while selector.get_map():
            for key, _ in selector.select():
                code = _read(key)
                if code is not None:
                    latencies.append(time.perf_counter() - key.data.sent_at)
                    refused += [code] if code != 202 else []
                    selector.unregister(key.fileobj)
                    _send_next(selector, key.fileobj, requests)
    return Answered(time.perf_counter() - began, sorted(latencies), refused)


@dataclasses.dataclass
class _Sent:
    """A request on its way, and what came of its answer so far."""

    sent_at: float
    answer: bytes = b""


def _send_next(selector: selectors.BaseSelector, connection: socket.socket, requests: object) -> None:
    request = next(requests, None)
    if request is None:
        connection.close()
        return
    sent = _Sent(time.perf_counter())
    connection.sendall(request)
    selector.register(connection, selectors.EVENT_READ, sent)


def _read(key: selectors.SelectorKey) -> int | None:
    """Take what has come and return the answer's code once all of it has."""
    received = key.fileobj.recv(_READ_BYTES)
    if not received:
        raise ConnectionError("the actor closed a connection in the middle of an answer")
    key.data.answer += received
    head, end, rest = key.data.answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0]) if end else 0
    return int(head.split()[1]) if end and len(rest) >= length else None
