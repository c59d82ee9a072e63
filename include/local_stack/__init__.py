"""Everything on one machine, without root or containers: PostgreSQL, the Graph sandbox and Airflow as processes."""
