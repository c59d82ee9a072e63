"""`socialpub audit`: the verbs about the audit log."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from socialpub.cli_terminal import Verbs, show_progress

if TYPE_CHECKING:
    from sqlalchemy import Engine


def add_audit_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Add these verbs to the program's."""
    audit = verbs.add_parser("audit", help="the audit log")
    actions = audit.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="prove that nothing sealed has changed")
    verify.add_argument("--head", metavar="HEAD", help="a head printed earlier, which the chain has to contain")
    verify.set_defaults(run=_verify)
    actions.add_parser("seal", help="seal what is new; a task does it every five minutes").set_defaults(run=_seal)


def _verify(engine: Engine, options: argparse.Namespace) -> int:
    """0 when the log is whole, 1 when it is not."""
    from socialpub.services.audit.verify import verify_audit_log

    with show_progress("Checking seals") as report:
        verdict = verify_audit_log(engine, expected_head=options.head, report=report)
    for trouble in verdict.troubles:
        print(trouble)
    print(f"{verdict.sealed_rows} rows under {verdict.seals} seals, {verdict.unsealed_rows} not sealed yet.")
    if not verdict.is_whole:
        print("The audit log was tampered with. Next: compare it with a backup from before, and ask who had access.")
        return 1
    print(f"The audit log is whole; head {verdict.head}.")
    return 0


def _seal(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.audit.seal import seal_audit_log

    print(f"{seal_audit_log(engine)} rows are sealed.")
    return 0
