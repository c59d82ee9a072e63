"""The plugin file. Every task process runs it, so it imports nothing of ours."""

from airflow.plugins_manager import AirflowPlugin


class SocialpubPlugin(AirflowPlugin):
    name = "socialpub"
