"""Airflow's metadata database and pools, made in one process: each `airflow` command would start Airflow anew."""

from __future__ import annotations

import yaml
from airflow.models.pool import Pool
from airflow.utils import db

from local_stack.state import PROJECT


def main() -> None:
    db.initdb()
    settings = yaml.safe_load((PROJECT / "airflow_settings.yaml").read_text())["airflow"]
    for pool in settings.get("pools") or []:
        Pool.create_or_update_pool(
            pool["pool_name"],
            slots=pool["pool_slot"],
            description=pool.get("pool_description", ""),
            include_deferred=False,
        )


if __name__ == "__main__":
    main()
