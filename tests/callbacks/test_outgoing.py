"""What callbacks connect to: the address that was checked, and nothing inside."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator

import pytest
from callbacks.receiver import (
    Receiver,
    delivering,
    ended,
    failure,
    is_delivered,
    outcome,
    receiving,
)

from quantum_tasks.callbacks import outgoing
from quantum_tasks.callbacks.names import _domain


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "localhost"])
async def test_a_private_address_is_refused_as_it_is_connected_to(pool, receiver, host):
    id = await ended(pool, f"http://{host}:{receiver.port}/")
    async with delivering(pool, allow_private=False):
        reason = await failure(pool, id)
    assert str(reason).endswith("is not at a public address")
    assert not receiver.arrived


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The addresses of names that the rest of the world does not know."""
    names: dict[str, list[str]] = {}
    look_up = socket.getaddrinfo

    def getaddrinfo(host, port, *arguments, **options):
        found = names.get(host, [host])
        return [
            entry for address in found for entry in look_up(address, port, *arguments, **options)
        ]

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"]])
async def test_a_name_that_leads_inside_is_refused_as_it_is_connected_to(
    pool, receiver, names, addresses
):
    names["rebound.example"] = addresses
    id = await ended(pool, f"http://rebound.example:{receiver.port}/")
    async with delivering(pool, allow_private=False):
        reason = await failure(pool, id)
    assert reason == "no connection: rebound.example is not at a public address"
    assert not receiver.arrived


async def test_what_was_checked_is_what_is_connected_to(pool, receiver, names, monkeypatch):
    names["moving.example"] = ["127.0.0.1"]

    def is_public(address):
        names["moving.example"] = ["192.0.2.1"]  # the next answer of its name server
        return True

    monkeypatch.setattr(outgoing, "is_public", is_public)
    await ended(pool, f"http://moving.example:{receiver.port}/")
    async with delivering(pool, allow_private=False):
        (arrival,) = await receiver.wait()
    assert arrival.headers["host"] == f"moving.example:{receiver.port}"


async def test_the_next_address_is_tried_if_one_does_not_answer(pool, receiver, names):
    names["two.example"] = ["127.0.0.2", "127.0.0.1"]
    id = await ended(pool, f"http://two.example:{receiver.port}/")
    async with delivering(pool):
        await outcome(pool, id, is_delivered)


async def test_a_name_that_nobody_knows_is_tried_again_later(pool, names):
    names["unknown.example"] = ["no-such-name.invalid"]
    id = await ended(pool, "http://unknown.example/")
    async with delivering(pool):
        assert str(await failure(pool, id)).startswith("no connection: ")


async def test_a_name_server_that_hangs_holds_up_nobody(pool, receiver, names, monkeypatch):
    monkeypatch.setattr(outgoing, "CONNECT_TIMEOUT_S", 0.3)
    look_up = outgoing.socket.getaddrinfo

    def hang(host, *arguments, **options):
        if host.endswith(".slow.example"):
            time.sleep(10)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", hang)
    slow = [await ended(pool, f"http://{n}.slow.example/") for n in range(12)]
    await ended(pool, receiver.url)
    async with delivering(pool):
        await receiver.wait(within_s=5)
        assert await failure(pool, slow[0]) == "no connection within 0.3 s"


async def test_no_number_of_names_that_are_not_found_keeps_out_those_that_are_known(
    pool, receiver, names, monkeypatch
):
    """Each domain has a few threads, all of them have some more, and names that were found before
    have theirs."""
    names["known.example"] = ["127.0.0.1"]
    asked: list[str] = []
    over = threading.Event()
    look_up = outgoing.socket.getaddrinfo

    def hang(host, *arguments, **options):
        if host.endswith(".test"):
            asked.append(host)
            over.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", hang)
    known = await ended(pool, f"http://known.example:{receiver.port}/")
    try:
        async with delivering(pool) as webhooks:
            await outcome(pool, known, is_delivered)
            for number in range(10):
                await ended(pool, f"http://{number}.one.test/")
            webhooks.wake()
            async with asyncio.timeout(5):
                while len(asked) < 4:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            assert len(asked) == 4
            for number in range(80):
                await ended(pool, f"http://a.domain{number}.test/")
            webhooks.wake()
            async with asyncio.timeout(10):
                while len(asked) < 48:
                    await asyncio.sleep(0.01)
            known = await ended(pool, f"http://known.example:{receiver.port}/")
            webhooks.wake()
            await outcome(pool, known, is_delivered)
            assert len(asked) == 48
    finally:
        over.set()


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("evil.example", "evil.example"),
        ("a.b.evil.example", "evil.example"),
        ("a.evil.co.uk", "evil.co.uk"),
        ("evil.co.uk", "evil.co.uk"),
        ("a.evil.io", "evil.io"),
        ("localhost", "localhost"),
    ],
)
def test_names_of_one_owner_are_of_one_domain(host, domain):
    assert _domain(host) == domain


async def test_a_proxy_of_the_environment_is_not_used(pool, receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    id = await ended(pool, receiver.url)
    async with delivering(pool):
        await outcome(pool, id, is_delivered)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One file with a key and a certificate for hook.example, which only itself vouches for."""
    file = tmp_path_factory.mktemp("tls") / "hook.pem"
    command = f"""req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2
        -subj /CN=hook.example -addext subjectAltName=DNS:hook.example
        -keyout {file} -out {file}.crt"""
    try:
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
    except FileNotFoundError:
        reason = "there is no openssl to make a certificate with"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    file.write_text(file.read_text() + (file.parent / "hook.pem.crt").read_text())
    return str(file)


@pytest.mark.parametrize(
    ("trusted", "host", "arrives"),
    [(True, "hook.example", True), (False, "hook.example", False), (True, "a.example", False)],
)
async def test_https_needs_a_certificate_that_is_trusted_and_of_that_name(
    pool, names, certificate, monkeypatch, trusted, host, arrives
):
    names[host] = ["127.0.0.1"]
    asked: list[str | None] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
    async with receiving(context) as receiver:
        id = await ended(pool, f"https://{host}.:{receiver.port}/")
        async with delivering(pool):
            if arrives:
                await outcome(pool, id, is_delivered)
            else:
                assert "certificate verify failed" in str(await failure(pool, id)).lower()
        assert asked == [host]
        assert len(receiver.arrived) == arrives
