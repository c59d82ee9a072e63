"""Connections to the public internet and nowhere else, within a time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Timer
from time import monotonic
from types import TracebackType
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url

from socialpub.media.limits import LinkLimits

# A gateway there turns the last four bytes into an IPv4 address (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


class PrivateAddressError(Exception):
    """The host is not of the public internet; the text names it with its address."""


class Guard:
    """The time of one look, and the addresses that it may connect to. Ends every connection when the time is over."""

    def __init__(self, limits: LinkLimits) -> None:
        self._limits = limits
        self._deadline = monotonic() + limits.time.total_seconds()
        self._sockets: list[socket.socket] = []
        self._timer = Timer(limits.time.total_seconds(), self._cut)
        self._timer.daemon = True

    @property
    def seconds_left(self) -> float:
        return max(0.001, self._deadline - monotonic())

    @property
    def is_over(self) -> bool:
        return monotonic() >= self._deadline

    def connect(self, host: str, port: int) -> socket.socket:
        """Raises `PrivateAddressError` if any address of the host is not public, else `OSError` if none answers."""
        failure: OSError = TimeoutError("no time is left")
        for family, kind, protocol, _, address in self._addresses(host, port):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.seconds_left)
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            else:
                self._sockets.append(connection.dup())  # TLS takes the socket itself over.
                return connection
        raise failure

    def __enter__(self) -> Guard:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        for connection in self._sockets:
            connection.close()

    def _addresses(self, host: str, port: int) -> list[Any]:
        if ":" in host:
            self._require_public(host, host)  # The resolver may know no IPv6 at all.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, address in found:
            self._require_public(host, str(address[0]))
        return found

    def _require_public(self, host: str, address: str) -> None:
        if not is_public(address) and host.lower() not in self._limits.private_hosts:
            raise PrivateAddressError(f"{host} ({address})")

    def _cut(self) -> None:
        """A server that sends a byte now and then would never run into a timeout of the socket."""
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # It has ended by itself.


def is_public(address: str) -> bool:
    """Whether anybody on the internet can reach it; not so loopback, private, link-local and the like, in any dress."""
    return all(inner.is_global and not inner.is_multicast for inner in _unwrap(ip_address(address.partition("%")[0])))


def _unwrap(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        yield address
        return
    mapped = address.ipv4_mapped
    if mapped is None:
        yield address
    tunnel = address.teredo[1] if address.teredo else None
    gateway = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    yield from filter(None, (mapped, address.sixtofour, tunnel, gateway))


class _GuardedConnection(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:  # noqa: ANN401 - as in urllib3
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return self._guard.connect(self.host, self.port)


class _GuardedTlsConnection(_GuardedConnection, HTTPSConnection):
    """The same over TLS, for the name in the link and not for its address."""


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTlsConnection


def open_pool(url: Url, guard: Guard) -> HTTPConnectionPool:
    """For one host. No proxy: behind one, nobody knows what is connected to."""
    pool_class = _GuardedTlsPool if url.scheme == "https" else _GuardedPool
    port = url.port or pool_class.ConnectionCls.default_port  # Without one, the end of an IPv6 address is taken for it.
    return pool_class(url.host or "", port, timeout=guard.seconds_left, maxsize=1, retries=False, guard=guard)
