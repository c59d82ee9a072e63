"""Both servers of the inbox, for a program or for the length of a `with` block."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local_inbox.box import Box
from local_inbox.pages import build_app


class _Taker:
    def __init__(self, box: Box) -> None:
        self._box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        self._box.take_mail(envelope.mail_from or "", envelope.rcpt_tos, content)
        return "250 OK"


class InboxServer:
    """`url` is its page, `smtp_port` where mail goes, `box` what has arrived. Ports are free ones unless given."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, smtp_port: int = 0) -> None:
        self.box = Box()
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        self.smtp_port = smtp_port or _free_port(host)
        self.url = f"http://{host}:{self.port}"
        self._mail = Controller(_Taker(self.box), hostname=host, port=self.smtp_port)
        app = build_app(self.box)
        config = uvicorn.Config(app, log_config=None, access_log=False, log_level="warning", lifespan="off")
        self._web = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._web.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def start(self) -> None:
        """Return when both answer."""
        self._mail.start()
        self._thread.start()
        while not self._web.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._mail.stop()
        self._web.should_exit = True
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
