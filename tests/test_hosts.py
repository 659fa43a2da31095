"""Hosts and origins are read as HTTP writes them, and by nothing less."""

from __future__ import annotations

import pytest

from quantum_tasks.hosts import is_answered, is_own, name, origin, read_host

NAMES = ("quantum.example.org", ".lab.example.org")
ANSWERED = [
    "127.0.0.1",
    "127.0.0.1:8000",
    "10.1.2.3:8000",
    "8.8.8.8",
    "127.0.0.1.",
    "127.0.0.1:",
    "[::1]",
    "[::1]:8000",
    "[FE80::1]",
    "[fe80::1%eth0]:8000",
    "[fe80::1%25eth0]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "localhost:8000",
    "LocalHost",
    "localhost.",
    "localhost.:8000",
    "app.localhost:8000",
    "app",
    "app:8000",
    "my_app-1",
    "x",
    "quantum.example.org",
    "QUANTUM.EXAMPLE.ORG.:443",
    "lab.example.org",
    "a.b.lab.example.org:8000",
]
FOREIGN = [
    "evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io:8000",
    "localhost.evil.example",
    "evil.localhost.example",
    "evil-localhost.example",
    "xlocalhost.example",
    "app.evil.example",
    "quantum.example.org.evil.example",
    "x.quantum.example.org",
    "evilquantum.example.org",
    "evillab.example.org",
    "example.org",
    "127.1",
    "127.0.0.01",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "127.0.0.256",
    "1.2.3.4.5",
    "[:::1]",
    "[127.0.0.1]",
    "[1:2]",
]
NO_HOSTS = [
    "",
    ".",
    ":8000",
    "..",
    ".example.org",
    "a..b",
    "localhost..",
    "localhost:x",
    "localhost:80:80",
    "localhost:65536",
    "localhost:123456",
    "localhost,evil.example",
    "localhost evil.example",
    " localhost",
    "evil.example@localhost",
    "user:password@localhost:8000",
    "http://localhost",
    "localhost/",
    "localhost?",
    "localhost#",
    "%6cocalhost",
    "::1",
    "::1:8000",
    "[::1",
    "::1]",
    "[::1].",
    "[::1]x",
    "[]",
    "[fe80::1%]",
    "l\u00f6calhost",
    "\uff11\uff12\uff17.0.0.1",
    "a" * 64,
    "a." * 127 + "ab",
    "localhost\n",
    "localhost\0",
    "*",
]


@pytest.mark.parametrize("text", ANSWERED)
def test_addresses_names_without_a_dot_and_given_names_are_answered(text: str):
    host = read_host(text)
    assert host is not None
    assert is_answered(host, NAMES)


@pytest.mark.parametrize("text", FOREIGN)
def test_any_other_name_is_not_and_neither_is_what_only_looks_like_an_address(text: str):
    host = read_host(text)
    assert host is not None
    assert not is_answered(host, NAMES)


@pytest.mark.parametrize("text", NO_HOSTS)
def test_what_is_no_host_and_port_is_none(text: str):
    assert read_host(text) is None


def test_without_names_only_those_that_lead_nowhere_else_are_answered():
    assert is_answered("app", ())
    assert not is_answered("quantum.example.org", ())


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("https://localhost:8000", "localhost:8000"),
        ("http://localhost:8000", "LOCALHOST:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://[::1]", "[::1]"),
        ("http://quantum.example.org", "quantum.example.org"),
        ("https://quantum.example.org", "quantum.example.org"),
        ("https://quantum.example.org", "quantum.example.org:443"),
        ("http://quantum.example.org", "quantum.example.org:80"),
        ("http://quantum.example.org", "quantum.example.org:"),
    ],
)
def test_an_origin_is_our_own_with_the_same_host_and_port(text: str, host: str):
    assert is_own(text, host)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("null", "localhost:8000"),
        ("null", "null"),
        ("", ""),
        ("", "localhost"),
        ("http://", ""),
        ("http://localhost:8001", "localhost:8000"),
        ("http://localhost", "localhost:8000"),
        ("http://localhost:8000", "localhost"),
        ("http://localhost:8000", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000", "localhost:8000"),
        ("http://evil.example", "localhost:8000"),
        ("http://evil.example/localhost:8000", "localhost:8000"),
        ("http://localhost:8000.evil.example", "localhost:8000"),
        ("http://evil.example#localhost:8000", "localhost:8000"),
        ("http://user@localhost:8000", "localhost:8000"),
        ("http://localhost:8000 http://evil.example", "localhost:8000"),
        ("https://quantum.example.org", "quantum.example.org:80"),
        ("http://quantum.example.org", "quantum.example.org:443"),
        ("https://quantum.example.org:80", "quantum.example.org"),
        ("file://", "localhost"),
        ("chrome-extension://localhost", "localhost"),
        ("ws://localhost:8000", "localhost:8000"),
        ("localhost:8000", "localhost:8000"),
    ],
)
def test_any_other_origin_is_not_our_own(text: str, host: str):
    assert not is_own(text, host)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://lab.example.org", "https://lab.example.org"),
        ("HTTP://Localhost:8888", "http://localhost:8888"),
        ("https://lab.example.org:443", "https://lab.example.org"),
        ("http://lab.example.org:80", "http://lab.example.org"),
        ("http://lab.example.org:443", "http://lab.example.org:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(text: str, written: str):
    assert origin(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "lab.example.org",
        "localhost:8888",
        "https://",
        "https://lab.example.org/",
        "https://lab.example.org/path",
        "https://user@lab.example.org",
        "https://*.example.org",
        "https://lab.example.org:99999",
        "https://lab example.org",
        "https://l\u00e4b.example.org",
    ],
)
def test_what_is_no_origin_is_refused(text: str):
    with pytest.raises(ValueError, match=r"no origin|let the pages of everybody in"):
        origin(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Quantum.Example.ORG", "quantum.example.org"),
        ("quantum.example.org.", "quantum.example.org"),
        (".example.org", ".example.org"),
    ],
)
def test_a_name_is_written_small_and_without_its_last_dot(text: str, written: str):
    assert name(text) == written


@pytest.mark.parametrize(
    "text",
    ["*", "*.example.org", "https://x.example.org", "x.example.org:80", "[::1]", "a..b", "."],
)
def test_what_is_no_name_is_refused(text: str):
    with pytest.raises(ValueError, match=r"no name of a host|let any page in"):
        name(text)
