"""`python -m local_stack run` stays in the foreground, `run-celery` too, with two Celery workers; `demo` ends once the
samples are where they belong. In a second terminal, `post TEXT` publishes a post, `shell` opens a shell with the
programs and the settings of what runs.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from local_stack.demo import print_table, wait_for_samples
from local_stack.first_post import post
from local_stack.processes import turn_signals_into_interrupts
from local_stack.running import find_running
from local_stack.samples import EARLY, LATE, SampleWriter
from local_stack.stack import Stack
from local_stack.state import Home, Ports, StackError

Report = Callable[[str], None]
_COMMANDS = ("run", "run-celery", "demo")
_SECOND = ("post", "shell")
_WORKERS = 2


def main() -> int:
    is_second = sys.argv[1:2] == ["shell"] or (sys.argv[1:2] == ["post"] and len(sys.argv) == 3)
    if not is_second and sys.argv[1:] not in ([command] for command in _COMMANDS):
        print(f"Usage: python -m local_stack {'|'.join((*_COMMANDS, *_SECOND))}", file=sys.stderr)
        return 2
    try:
        if is_second:
            return _second(*sys.argv[1:])
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
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


def _second(command: str, text: str = "") -> int:
    running = find_running(Home.from_environment(os.environ))
    if command == "post":
        if not text.strip():
            raise StackError('There is no text. Next: make post TEXT="Hello from our camp!"')
        print(f"It is live: {post(running, text.strip(), report=print)}")
        return 0
    programs = (str(Path(sys.executable).parent), running.environment["PROGRAMS"], os.environ["PATH"])
    environment = {**os.environ, **running.environment, "PATH": os.pathsep.join(programs)}
    os.execvpe("bash", ["bash"], environment)  # noqa: S606 - the user's own shell


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
    for name, what in (("anna", "writes posts"), ("ola", "approves them")):
        print(f"          login {name}, who {what}: password {stack.home.secret(f'{name}_password')}")
    if stack.has_sandbox:
        print(f"Facebook  {stack.sandbox_url}/pages   (the sandbox: Pages as people see them)")
    if stack.has_inbox:
        print(f"Inbox     {stack.inbox_url}   (mail and Slack messages)")
    if stack.has_own_database:
        print(f"Database  {stack.database_url('socialpub_backoffice_app')}   (as the backoffice)")
    print("Ctrl-C stops everything.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
