# One image for every container: Airflow, the DAGs and the sandbox, from the committed lock. Secrets come at run time.
FROM python:3.12-slim AS build
COPY requirements.lock /build/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /build/requirements.lock \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check "hatchling>=1.27" "editables>=0.5"
COPY pyproject.toml README.md LICENSE /opt/socialpub/
COPY plugins /opt/socialpub/plugins
COPY include /opt/socialpub/include
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-build-isolation --no-deps -e /opt/socialpub

FROM python:3.12-slim
RUN useradd --create-home --home-dir /opt/airflow --uid 50000 airflow && install -d -o airflow /media
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/socialpub /opt/socialpub
COPY airflow_settings.yaml /opt/socialpub/
COPY config /opt/socialpub/config
COPY dags /opt/socialpub/dags
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/socialpub/config:/opt/socialpub/plugins:/opt/socialpub/include \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/socialpub/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/socialpub/plugins
WORKDIR /opt/socialpub
USER airflow
# The volumes for task logs and media take their owner from here.
RUN mkdir /opt/airflow/logs
ENTRYPOINT ["python", "/opt/socialpub/include/docker/entrypoint.py"]
CMD ["airflow", "version"]
