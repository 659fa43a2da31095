"""Which URLs may be called back, and which addresses are public."""

from __future__ import annotations

import random
from ipaddress import ip_address, ip_network

import pytest

from quantum_tasks.callbacks.receivers import MAX_URL_LENGTH, Receiver, check_url, is_public, parse
from quantum_tasks.errors import InvalidRequest


@pytest.mark.parametrize(
    ("url", "receiver"),
    [
        ("https://example.com", Receiver("https", "example.com", 443, "/")),
        ("HTTP://Example.COM.:80/a?b=/c", Receiver("http", "example.com", 80, "/a?b=/c")),
        ("https://example.com:/", Receiver("https", "example.com", 443, "/")),
        ("https://example.com:8443?a", Receiver("https", "example.com", 8443, "/?a")),
        ("http://8.8.8.8/", Receiver("http", "8.8.8.8", 80, "/")),
        ("http://0x08.8.2056/", Receiver("http", "8.8.8.8", 80, "/")),
        ("https://[2606:4700::1111]:1/", Receiver("https", "2606:4700::1111", 1, "/")),
        ("https://a_b.x-1.example/%20", Receiver("https", "a_b.x-1.example", 443, "/%20")),
    ],
)
def test_a_url_is_taken_apart(url, receiver):
    check_url(url, allow_private=False)
    assert parse(url) == receiver


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.com:443/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("http://[2606:4700::1111]/", "[2606:4700::1111]"),
        ("http://[2606:4700::1111]:8080/", "[2606:4700::1111]:8080"),
    ],
)
def test_the_host_header_has_brackets_and_a_port_where_they_belong(url, authority):
    assert parse(url).authority == authority


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("", "must begin with"),
        ("example.com", "must begin with"),
        ("//example.com/", "must begin with"),
        ("ftp://example.com/", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("javascript:alert(1)", "must begin with"),
        ("http:example.com", "must begin with"),
        (r"http:\\example.com", "must begin with"),
        ("https://", "no valid host"),
        ("https:///path", "no valid host"),
        ("https://:443/", "no valid host"),
        ("https://./", "no valid host"),
        ("https://a..b/", "no valid host"),
        ("https://.example.com/", "no valid host"),
        ("https://example.com../", "no valid host"),
        (r"https://example.com\.evil/", "no valid host"),
        ("https://127%2e0.0.1/", "no valid host"),
        ("https://example.com:x/", "no valid host"),
        ("https://[fe80::1%25eth0]/", "no valid host"),
        ("https://[::1/", "no valid host"),
        (f"https://{'a' * 64}.com/", "no valid host"),
        (f"https://{'a.' * 126}com/", "no valid host"),
        ("https://[::1::]/", "not an address"),
        ("https://[1.2.3.4]/", "not an address"),
        ("https://256.1.1.1/", "not an address"),
        ("https://1.2.3.4.5/", "not an address"),
        ("https://example.1/", "not an address"),
        ("https://099/", "not an address"),
        ("https://0x/", "not an address"),
        ("https://user@example.com/", "user or password"),
        ("https://user:password@example.com/", "user or password"),
        ("https://@example.com/", "user or password"),
        (r"https://example.com\@127.0.0.1/", "user or password"),
        ("https://example.com/#", "fragment"),
        ("https://example.com#@127.0.0.1/", "fragment"),
        ("https://example.com:0/", "between 1 and 65535"),
        ("https://example.com:65536/", "between 1 and 65535"),
        ("https://example.com/a b", "percent-encoded"),
        (" https://example.com/", "percent-encoded"),
        ("https://example.com/\r\nX: y", "percent-encoded"),
        ("https://exam\tple.com/", "percent-encoded"),
        ("https://example.com/\0", "percent-encoded"),
        ("https://exämple.com/", "percent-encoded"),
        ("https://example。com/", "percent-encoded"),
        ("https://①②⑦.0.0.1/", "percent-encoded"),
        ("https://example.com/" + "a" * MAX_URL_LENGTH, "longer than 2000"),
    ],
)
def test_what_is_no_url_that_can_be_called_is_refused_with_the_reason(url, because):
    for allow_private in (False, True):
        with pytest.raises(InvalidRequest, match=because) as caught:
            check_url(url, allow_private)
        assert [error.pointer for error in caught.value.errors] == ["/callback_url"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.b.localhost",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f.1",
        "0X7F000001",
        "0177.0.0.1",
        "017700000001",
        "2130706433",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:0:7f00:1]",
        "[2002:7f00:1::]",
        "[2002:a00:1::1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::808:808]",
        "[2001:0:808:808::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[fc00::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[5f00::1]",
    ],
)
def test_what_is_not_public_is_refused_however_it_is_spelled_unless_allowed(host):
    for port in ("", ":8080"):
        with pytest.raises(InvalidRequest) as caught:
            check_url(f"http://{host}{port}/", allow_private=False)
        assert [error.pointer for error in caught.value.errors] == ["/callback_url"]
        check_url(f"http://{host}{port}/", allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "172.32.0.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "192.0.1.0",
        "192.88.98.255",
        "168.63.129.15",
        "223.255.255.255",
        "2001:200::1",
        "2003::1",
        "2620:4f:8001::1",
    ],
)
def test_what_is_public_is_not_refused(address):
    assert is_public(ip_address(address))


# The special-purpose registries of IANA, and what providers answer at from inside.
NOT_PUBLIC = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24
    198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
    ::1/128 ::/128 ::ffff:0:0/104 64:ff9b::/104 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23
    2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48
    2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
    5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
    168.63.129.16/32 192.0.0.192/32 169.254.169.254/32 100.100.100.200/32 161.26.0.0/16
    166.8.0.0/14 fd00:ec2::254/128 ::/8 4000::/2 64:ff9b::168.63.129.16/128
    ::ffff:192.0.0.192/128 2002:808:808::/48
"""


@pytest.mark.parametrize("block", NOT_PUBLIC.split())
def test_no_part_of_a_special_block_is_public(block):
    network = ip_network(block)
    draw = random.Random(block)
    last = network.num_addresses - 1
    for number in [0, last, last // 2, *(draw.randint(0, last) for _ in range(200))]:
        assert not is_public(network[number])


def test_our_own_list_is_no_less_strict_than_this_python():
    """Without what this Python knows: others know less, or let parts of a block through."""

    draw = random.Random(1)
    known = ["0.0.0.0/0", "192.0.0.0/8", "2000::/3", "2001::/16", "2001::/23"]
    for block in (*NOT_PUBLIC.split(), *known):
        network = ip_network(block)
        for _ in range(200):
            address = network[draw.randint(0, network.num_addresses - 1)]
            if not address.is_global:
                ours = type("Ours", (type(address),), {"is_global": True})(int(address))
                assert not is_public(ours), address


def test_a_name_is_not_looked_up_at_submission():
    check_url("https://there-is.no-such-name.invalid/", allow_private=False)
