"""Which URLs a callback may have, and which addresses are public."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec

from quantum_tasks.errors import Diagnostic, InvalidRequest

MAX_URL_LENGTH = 2000

Address = IPv4Address | IPv6Address

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]*))?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# The blocks of IANA's registries of special-purpose addresses, each as a whole: `ipaddress` counts
# parts of some blocks as public, and which parts depends on the version of Python. Also the
# addresses at which cloud providers answer only their own customers' machines, although they look
# like any public address.
_SPECIAL_IPV4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a provider's NAT; 100.100.100.200 is Alibaba's metadata
        "127.0.0.0/8",  # this machine
        "161.26.0.0/16",  # IBM's services for its machines
        "166.8.0.0/14",  # the same
        "168.63.129.16/32",  # Azure's wire server
        "169.254.0.0/16",  # this link; 169.254.169.254 is most providers' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols; 192.0.0.192 is Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112, a sink
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved; 255.255.255.255 is everybody
    )
]
_SPECIAL_IPV6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols: Teredo, benchmarks, ORCHID and others
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: a relay may take it to any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]  # besides all that is not 2000::/3


class Receiver(msgspec.Struct, frozen=True):
    """The parts of a URL. `host` is a name or an address, without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"

    @property
    def address(self) -> Address | None:
        """The address, if the host is one."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def check_url(url: str, allow_private: bool) -> None:
    """Raises InvalidRequest if a callback cannot, or must not, be delivered to this URL.

    The address of a name is checked later, when the connection is made.
    """
    try:
        receiver = parse(url)
        if not allow_private:
            _check_public(receiver)
    except ValueError as error:
        raise InvalidRequest(str(error), errors=[Diagnostic(pointer="/callback_url")]) from None


def parse(url: str) -> Receiver:
    """Takes a URL apart. Raises ValueError saying what is wrong with it.

    Only a URL that every library reads in the same way is accepted. The code that connects later
    uses these parts, not the text.
    """
    if len(url) > MAX_URL_LENGTH:
        raise ValueError(f"callback_url is longer than {MAX_URL_LENGTH} characters.")
    if not all("!" <= character <= "~" for character in url):
        raise ValueError(
            "callback_url has characters that a URL cannot have: write them percent-encoded, "
            "and a host's name in its ASCII form."
        )
    if "#" in url:
        raise ValueError("callback_url must not have a fragment (#).")
    if not (match := _URL.fullmatch(url)):
        raise ValueError("callback_url must begin with https:// or http://.")
    scheme, authority, target = match[1].lower(), match[2], match[3]
    if "@" in authority:
        raise ValueError("callback_url must not have a user or password in it.")
    if not (match := _AUTHORITY.fullmatch(authority)):
        raise ValueError("callback_url has no valid host.")
    port = int(match[2]) if match[2] else _default_port(scheme)
    if not 1 <= port <= 65535:
        raise ValueError("The port of callback_url must be between 1 and 65535.")
    target = target if target.startswith("/") else f"/{target}"
    return Receiver(scheme, _host(match[1]), port, target)


def is_public(address: Address) -> bool:
    """Whether an address is public. An IPv6 address that stands for an IPv4 address counts as that
    one."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_IPV4)
    if (inner := _embedded(address)) is not None:
        return is_public(inner)
    if address not in _UNICAST or not address.is_global:
        return False
    return not any(address in network for network in _SPECIAL_IPV6)


def _check_public(receiver: Receiver) -> None:
    address = receiver.address
    if receiver.host == "localhost" or receiver.host.endswith(".localhost"):
        raise ValueError("callback_url must not lead to this machine.")
    if address is not None and not is_public(address):
        raise ValueError(f"callback_url must lead to a public address; {address} is not one.")


def _host(text: str) -> str:
    name = text.removesuffix(".").lower()
    try:
        if text.startswith("["):
            return str(IPv6Address(text[1:-1]))
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            # 127.1, 0x7f000001, 017700000001 and 2130706433 lead to 127.0.0.1 as well.
            return str(IPv4Address(socket.inet_aton(name)))
    except (ValueError, OSError):
        raise ValueError("The host of callback_url is not an address.") from None
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise ValueError("callback_url has no valid host.")
    return name


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
