"""`python -m local_inbox`: take mail and Slack messages until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys

from local_inbox.server import InboxServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="local_inbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--smtp-port", type=int, default=8092)
    options = parser.parse_args()
    # Both come to this thread only; the servers have threads of their own.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    with InboxServer(host=options.host, port=options.port, smtp_port=options.smtp_port) as server:
        print(f"Inbox: {server.url} (mail arrives on port {server.smtp_port})", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    sys.exit(main())
