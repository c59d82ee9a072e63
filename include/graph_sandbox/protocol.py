"""uvicorn's HTTP protocol, which also hands the connection to the application, so that a fault can cut it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graph_sandbox.exchange import TRANSPORT


class CuttableProtocol(HttpToolsProtocol):
    """Puts the connection's transport into each request's ASGI scope, as an extension."""

    # uvicorn asks the logging of the whole process, whatever its own setting says; its access log shows queries, and so
    # the tokens in them. The sandbox has a log of its own.
    access_log = property(lambda _: False, lambda *_: None)

    def on_message_begin(self) -> None:
        """Start a request; called by the parser."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]
