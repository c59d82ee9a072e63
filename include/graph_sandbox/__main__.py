"""`python -m graph_sandbox`: serve the sandbox until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

from graph_sandbox.server import make_server
from graph_sandbox.state import World


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line as it was meant."""
    parser = argparse.ArgumentParser(prog="graph_sandbox", description="A local stand-in for the Facebook Graph API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="answer this much later")
    parser.add_argument("--public-url", help="the address in permalinks; by default what the client's Host header says")
    parser.add_argument(
        "--dialog", choices=("ask", "approve", "deny"), default="ask", help="what the login dialog does"
    )
    parser.add_argument("--quiet", action="store_true", help="do not log requests")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; 0 after a signal, 1 when the port cannot be had."""
    options = read_arguments(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("graph_sandbox").setLevel(logging.WARNING if options.quiet else logging.INFO)
    world = World()
    world.settings.latency_seconds = options.latency
    world.settings.dialog_decision = options.dialog
    server = make_server(world, host=options.host, port=options.port, public_url=options.public_url)
    print(f"Graph sandbox: http://{options.host}:{options.port} (Pages as people see them: /pages)", flush=True)
    # uvicorn ends in order and then raises the signal again, which would make an orderly end look like a crash.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    finally:
        world.library.close()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
