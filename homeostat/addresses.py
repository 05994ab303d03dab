"""Whether an address is this host's own loopback, which nobody else can reach."""

from __future__ import annotations

import ipaddress
import urllib.parse


def names_loopback(name: str) -> bool:
    """Say whether a host's name or IP address, without a port, is loopback's."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def leads_to_loopback(url: str) -> bool:
    """Say whether a URL leads to loopback; one that cannot be read leads nowhere."""
    try:
        return names_loopback(urllib.parse.urlsplit(url).hostname or "")
    except ValueError:
        return False
