"""Airflow imports this in every component. In the scheduler and in a Celery worker it loads what tasks need, before the
processes of either fork from it, so that a task starts with everything imported instead of importing it each time.
"""

import importlib
import sys

_PRELOADED = (
    "airflow.dag_processing.dagbag",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "pendulum",
    "psycopg",
    "requests",
    "socialpub.notifications",
    "socialpub.operators.claim",
    "socialpub.operators.notify",
    "socialpub.operators.publish_now",
    "socialpub.hooks.notices",
    "socialpub.services.digest.send_digests",
    "socialpub.services.lane",
    "socialpub.services.latencies",
    "socialpub.services.notices.check_setup",
    "socialpub.services.publish_now",
    "socialpub.settings",
    "sqlalchemy.dialects.postgresql.psycopg",
)

if {"scheduler", "worker"} & set(sys.argv):
    for _name in _PRELOADED:
        importlib.import_module(_name)
    importlib.import_module("socialpub.models.base").Base.registry.configure()
    # A DAG file that names an asset asks every installed provider for its kinds of assets: 0.7 s a task with Amazon's.
    providers = importlib.import_module("airflow.sdk.providers_manager_runtime").ProvidersManagerTaskRuntime()
    providers.initialize_providers_asset_uri_resources()
