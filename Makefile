# One file says everything that can be done here: `make help`.

PYTHON ?= python3
PORT ?= 3000
HOST ?= 127.0.0.1
DATA_DIR ?= data
export PORT DATA_DIR

BIN := .venv/bin
# The environment's own Node and npm come first; Reflex never fetches Bun, never calls home. Last what only an
# administrator's path names: as root, PostgreSQL's tests make a user for the server, which refuses to run as root.
export PATH := $(CURDIR)/$(BIN):$(PATH):/usr/sbin:/sbin
export REFLEX_USE_NPM := 1
export REFLEX_CHECK_LATEST_VERSION := false
export REFLEX_TELEMETRY_ENABLED := false
# Behind a company's proxy npm trusts what the machine trusts, as pip does.
export NODE_USE_SYSTEM_CA ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run dev build database test check fix attack e2e browser packages manual migration seed bench

help: ## Say what can be done
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: build ## Install, migrate, load the demo once, build if needed, serve on PORT (default 3000)
	@$(BIN)/python -m cpegi_app.manage migrate demo logins
	@exec $(BIN)/python -m cpegi_app.serve --host $(HOST) --port $(PORT)

dev: .venv/run.stamp ## Serve with hot reload (pages on PORT, back end on 8000)
	@exec $(BIN)/reflex run

build: .venv/run.stamp ## Build the front end, if its sources changed
	@$(BIN)/python -m tools.build

database: .venv/run.stamp ## Bring the database up to date and load the demo data once
	@$(BIN)/python -m cpegi_app.manage migrate demo

seed: database ## Same as database: demo data are loaded once, and only in demo mode

# Three processes share the tests on two cores: a browser test mostly waits; the front end is built once before.
test: ## Run the checks and every test, browser tests included
	@$(MAKE) --no-print-directory --jobs 3 packages build check browser
	@$(BIN)/python -m pytest -q --numprocesses 3

check: .venv/dev.stamp ## Lint, format, types, import rules
	@$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet || (echo "Try: make fix"; exit 1)
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-cache

fix: .venv/dev.stamp ## Format the code and put right what the linter can
	@$(BIN)/ruff check --quiet --fix-only; $(BIN)/ruff format

# What `make test` does in part, for its time, at the sizes that security.md asks for; half an hour and more.
attack: export CPEGI_ROUNDS := 250
attack: export CPEGI_CLICK_ROUNDS := 100
attack: export CPEGI_WRITES := 10000
attack: export CPEGI_HOSTILE_REQUESTS := 10000
attack: export CPEGI_KILLS := 60
attack: export CPEGI_ALIKE := 99
attack: export CPEGI_AGAIN := 200
attack: .venv/dev.stamp ## Run the tests of concurrency and attack at their full sizes
	@$(BIN)/python -m pytest -q -s tests/services/test_concurrency.py tests/services/test_writers.py \
		tests/services/test_sms.py tests/services/test_storage.py tests/services/test_push_killed.py \
		tests/services/test_offline_killed.py tests/state/test_double.py \
		tests/state/test_gate.py tests/state/test_payloads.py

e2e: browser ## Run the browser tests only; e.g. make e2e k=product
	@$(BIN)/python -m pytest -q tests/e2e $(if $(k),-k $(k))

browser: .venv/dev.stamp packages
	@$(BIN)/python -m tools.chromium

# Chromium's packages come while the virtual environment is made.
packages:
	@$(PYTHON) -m tools.chromium packages

manual: export CPEGI_PICTURES = 1
manual: export LANGUAGE = zh_CN
manual: browser ## Take the manual's pictures and write docs/manual
	@rm -rf test-output/manual
	@$(BIN)/python -m pytest -q --numprocesses 2 $$(grep -l 'step(' tests/e2e/test_*.py)
	@$(BIN)/python -m tools.manual

bench: .venv/dev.stamp .venv-bench/run.stamp ## Measure, and write the tables of docs/performance.md; e.g. make bench k=imports
	@$(BIN)/python -m bench $(k)

migration: .venv/dev.stamp ## Write a migration from the models: make migration m="what changes"
	@test -n "$(m)" || (echo 'Say what changes: make migration m="..."'; exit 1)
	@$(BIN)/alembic revision --autogenerate -m "$(m)"
	@$(BIN)/ruff check --quiet --fix-only migrations; $(BIN)/ruff format --quiet migrations

.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Python packages: installing …"
	@$(BIN)/python -m pip install --quiet --no-compile -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@echo "Test packages: installing …"
	@$(BIN)/python -m pip install --quiet --no-compile -r requirements-dev.txt
	@touch $@

.venv-bench/run.stamp: bench/requirements-django.txt
	@echo "The library to measure against: installing …"
	@$(PYTHON) -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet -r $<
	@touch $@
