# Two commands matter: `make run` and `make demo`. Each installs what it needs by itself from the committed lock.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# The first Python that really runs and is one we support.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && echo $$python && break; done)
STAMP := $(VENV)/.installed-$(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d' ' -f1)

.PHONY: help install run run-celery demo post shell test fuzz chaos bench check format clean lock

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /make \1\t/' | expand -t 20

install: $(STAMP) ## Create the environment from the lock
$(STAMP):
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found. Next: install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@rm -f $(VENV)/.installed-* && touch $@

run: install ## Start everything in the foreground with sample posts; Ctrl-C stops it
	@exec $(BIN)/python -m local_stack run

run-celery: install ## The same with two Celery workers behind Redis (needs redis-server)
	@exec $(BIN)/python -m local_stack run-celery

demo: install ## Start everything, wait for the sample posts, print them, stop
	@exec $(BIN)/python -m local_stack demo

post: install ## While make run runs: publish a post of yours to the sandbox; TEXT="Hello from our camp!"
	@exec $(BIN)/python -m local_stack post "$$TEXT"

shell: install ## While make run runs: a shell with socialpub, airflow, psql and its settings
	@exec $(BIN)/python -m local_stack shell

test: install ## Run all tests: those without Airflow, two stacks that mostly wait, then stacks that need the whole machine
	$(BIN)/python -m pytest -n 2 -m "not airflow" --durations=25
	$(BIN)/python -m pytest -n 2 --dist loadscope -m airflow tests/airflow_runs tests/chaos --durations=25
	$(BIN)/python -m pytest -m airflow --ignore=tests/airflow_runs --ignore=tests/chaos --durations=25

fuzz: install ## Generate many requests from the OpenAPI document, with a login of each role (about 20 min)
	SOCIALPUB_FUZZ_EXAMPLES=300 $(BIN)/python -m pytest tests/api/test_contract.py

chaos: install ## Watch the alerts, then kill, cut and restart everything at every step: 630 trials, 50 uploads (30 min; BLOWS="alerts …" for some); the result is in .socialpub/chaos.jsonl
	$(BIN)/python -m chaos $(addprefix --blow ,$(BLOWS))

bench: install ## Measure whether posts are on time on the real stack, a JSON line a figure; FIGURES="burst_60 …", or all
	@exec $(BIN)/python -m bench $(FIGURES)

check: install ## Lint, format, types, import contracts, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar include/sql

format: install ## Put the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Forget all state of the local stack
	rm -rf .socialpub

lock: install ## Renew the locks from requirements.txt and requirements-dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 requirements.txt -o requirements.lock --no-annotate --no-header --generate-hashes
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 requirements-dev.txt -o requirements-dev.lock --no-annotate --no-header --generate-hashes
