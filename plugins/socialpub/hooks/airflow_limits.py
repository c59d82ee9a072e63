"""What Airflow lets run at once, for the doctor. Only a command line can read it: a task has no access to metadata."""

from __future__ import annotations

from socialpub.errors import ConfigurationError
from socialpub.services.doctor import AirflowLimits


def read_airflow_limits() -> AirflowLimits:
    """Raises `ConfigurationError` where Airflow's metadata can't be read."""
    from airflow.configuration import conf
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            pool = Pool.get_default_pool(session=session)
    except SQLAlchemyError as error:
        raise ConfigurationError(
            f"Airflow's metadata can't be read here ({type(error).__name__}).",
            next_step="run the doctor where Airflow runs, with its environment.",
        ) from error
    return AirflowLimits(
        parallelism=conf.getint("core", "parallelism"),
        default_pool_slots=pool.slots if pool else 0,
        metadata_connections=conf.getint("database", "sql_alchemy_pool_size")
        + conf.getint("database", "sql_alchemy_max_overflow"),
    )
