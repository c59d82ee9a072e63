"""`python -m bench.peers.bare_sockets`: bytes made beforehand, written to fresh connections.

No client can cost less, so what this one reaches is what the sandbox itself can take on this machine.
"""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlencode, urlsplit

from bench.peers.order import Order, Salvo, read_salvo


async def _send_all(salvo: Salvo) -> None:
    host, port = urlsplit(salvo.url).hostname or "", urlsplit(salvo.url).port or 80
    requests = [_encode(order, host) for order in salvo.orders]
    await asyncio.gather(*(_send(host, port, request, salvo.due_at) for request in requests))


async def _send(host: str, port: int, request: bytes, due_at: float) -> None:
    await asyncio.sleep(max(0.0, due_at - time.time()))
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    answer = await reader.read()
    if b" 200 " not in answer.split(b"\r\n", 1)[0]:
        raise RuntimeError(answer.decode(errors="replace")[:300])
    writer.close()


def _encode(order: Order, host: str) -> bytes:
    body = urlencode(order.form).encode()
    head = [
        f"POST {order.path} HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in order.headers.items()),
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


if __name__ == "__main__":
    asyncio.run(_send_all(read_salvo()))
