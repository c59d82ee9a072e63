"""`python -m bench.peers.bare_asyncio`: one coroutine a post, aiohttp, nothing else."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from bench.peers.order import Order, Salvo, read_salvo


async def _send_all(salvo: Salvo) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(_send(session, salvo, order) for order in salvo.orders))


async def _send(session: aiohttp.ClientSession, salvo: Salvo, order: Order) -> None:
    await asyncio.sleep(max(0.0, salvo.due_at - time.time()))
    async with session.post(salvo.url + order.path, data=order.form, headers=order.headers) as answer:
        answer.raise_for_status()
        await answer.read()


if __name__ == "__main__":
    asyncio.run(_send_all(read_salvo()))
