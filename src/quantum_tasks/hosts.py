"""Names of hosts, and origins, as HTTP writes them (RFC 9110, RFC 6454)."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address

_LABELS = r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*"
_ADDRESS = r"\[[0-9a-f:.]+(?:%[a-z0-9_.%-]+)?\]"
_HOST = re.compile(rf"({_ADDRESS}|{_LABELS})(?:(?<!\])\.)?(?::([0-9]{{0,5}}))?")
_NAMES = re.compile(rf"\.?{_LABELS}")
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://((?:\[[0-9a-f:.]+\]|{_LABELS})(?::([0-9]{{1,5}}))?)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST = 255
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def read_host(text: str) -> str | None:
    """The host that a header `Host` names, in lower case and without its port; None if the header
    is not a host and a port."""
    match = _HOST.fullmatch(text.lower()) if len(text) <= _LONGEST else None
    if match is None or int(match[2] or 0) > 65535:
        return None
    return match[1]


def is_answered(host: str, names: Collection[str]) -> bool:
    """Whether the service answers to a host: an IP address, `localhost` and names that end in
    `.localhost`, a name without a dot, or one of the given names. `.example.org` stands for
    `example.org` and all names that end in `.example.org`.

    Only a name with dots can belong to a stranger who makes it lead to this machine. A name that
    ends in a number is an IP address or invalid, because nobody can register such a name.
    (127.0.0.1.nip.io is not an address.)
    """
    last = host.rpartition(".")[2]
    try:
        if host.startswith("["):
            return bool(IPv6Address(host[1:-1]))
        if _NUMBER.fullmatch(last):
            return bool(IPv4Address(host))
    except ValueError:
        return False
    return last in (host, "localhost") or any(_matches(host, name) for name in names)


def _matches(host: str, name: str) -> bool:
    return host == name or (name.startswith(".") and f".{host}".endswith(name))


def is_own(origin: str, host: str) -> bool:
    """Whether an origin is that of the service's own pages, by comparing the text of both headers.
    The scheme is not compared: only the proxy knows whether it was http or https."""
    scheme, _, authority = origin.partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    if port is None or not authority:
        return False
    return authority == host or _with_port(authority, port) == _with_port(host.lower(), port)


def _with_port(authority: str, default: str) -> str:
    return authority if re.search(r":[0-9]+$", authority) else f"{authority.rstrip(':')}:{default}"


def origin(text: str) -> str:
    """An origin as browsers write it. Raises ValueError saying what is wrong with it."""
    match = _ORIGIN.fullmatch(text.lower())
    if text == "*":
        raise ValueError("'*' would let the pages of everybody in; name the origins")
    if match is None or int(match[3] or 0) > 65535:
        raise ValueError(
            f"'{text}' is no origin; expected a scheme, a host and perhaps a port, and no path: "
            "https://lab.example.org"
        )
    return match[0].removesuffix(f":{_DEFAULT_PORTS.get(match[1])}")


def name(text: str) -> str:
    """A name of a host, or of a domain if it begins with a dot. Raises ValueError saying what is
    wrong with it."""
    if text == "*":
        raise ValueError("'*' would let any page in whose name leads here; name the hosts")
    host = text.lower().removesuffix(".")
    if len(host) > _LONGEST or not _NAMES.fullmatch(host):
        raise ValueError(
            f"'{text}' is no name of a host; expected one without a port, or a domain: "
            "quantum.example.org, .example.org"
        )
    return host
