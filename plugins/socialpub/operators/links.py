"""Links in the task's view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class LivePostLink(BaseOperatorLink):
    """The post as people see it; for a lane of several posts, the first one."""

    name = "Live post"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        # Airflow asks in the task's own process, right after execute() has left the address on the operator.
        return str(getattr(operator, "live_post_url", None) or "")
