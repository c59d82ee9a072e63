"""`python -m local_stack run` stays in the foreground, `run-celery` too, with two Celery workers; `demo` ends once the
samples are where they belong.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from rich.console import Console

from local_stack.demo import print_table, wait_for_samples
from local_stack.processes import turn_signals_into_interrupts
from local_stack.samples import EARLY, LATE, SampleWriter
from local_stack.stack import Stack
from local_stack.state import Home, Ports, StackError

Report = Callable[[str], None]
_COMMANDS = ("run", "run-celery", "demo")
_WORKERS = 2


def main() -> int:
    if sys.argv[1:] not in ([command] for command in _COMMANDS):
        print(f"Usage: python -m local_stack {'|'.join(_COMMANDS)}", file=sys.stderr)
        return 2
    turn_signals_into_interrupts()
    console = Console()
    try:
        with console.status("Starting") as status:
            return _main(sys.argv[1], report=_reporter(console, status.update))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return 130 if sys.argv[1] == "demo" else 0


def _reporter(console: Console, update: Callable[[str], None]) -> Report:
    """A spinner with the step on a terminal, plain lines elsewhere."""
    started = time.monotonic()

    def report(step: str) -> None:
        if console.is_terminal:
            update(step)
        else:
            print(f"[{time.monotonic() - started:5.1f} s] {step}", flush=True)

    return report


def _main(command: str, *, report: Report) -> int:
    is_demo = command == "demo"
    stack = Stack(
        Home.from_environment(os.environ).path,
        ports=Ports.from_environment(os.environ),
        workers=_WORKERS if command == "run-celery" else 0,
        report=report,
    )
    if is_demo and not (stack.has_own_database and stack.has_sandbox):
        raise StackError(
            "The demo writes sample posts. Next: unset AIRFLOW_CONN_SOCIALPUB_DB and _FACEBOOK_APP for it."
        )
    with stack:
        has_samples = stack.has_own_database and stack.has_sandbox
        samples = {}
        if has_samples:
            stack.wait_for_sandbox()
            writer = SampleWriter(
                stack.database_url(), token_keys=stack.token_keys, media=stack.home.media, sandbox=stack.sandbox
            )
            writer.connect_pages()
            writer.add_routes(mail_to="team@socialpub.example")
            samples = writer.write(EARLY)
        stack.wait_until_ready()
        if has_samples:
            stack.sandbox.set_webhook(stack.webhook_url)
            samples |= writer.write(LATE)
        if is_demo:
            seconds = float(os.environ.get("SOCIALPUB_DEMO_SECONDS", "170"))
            rows = wait_for_samples(
                stack.database_url(), samples, deadline_seconds=seconds, is_alive=stack.require_alive, report=report
            )
            print_table(rows, stack.sandbox)
            return 0
        _print_addresses(stack)
        while True:
            stack.require_alive()
            time.sleep(1)


def _print_addresses(stack: Stack) -> None:
    print(f"Airflow   {stack.airflow_url}   login admin, password {stack.admin_password}")
    if stack.has_sandbox:
        print(f"Facebook  {stack.sandbox_url}/pages   (the sandbox: Pages as people see them)")
    if stack.has_inbox:
        print(f"Inbox     {stack.inbox_url}   (mail and Slack messages)")
    if stack.has_own_database:
        print(f"Database  {stack.database_url('socialpub_backoffice_app')}   (as the backoffice)")
    print("Ctrl-C stops everything.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
