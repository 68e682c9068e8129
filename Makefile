# `make` alone lists what can be done. Needs make and Python 3.11 or newer; everything else is installed into .venv.

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
ifeq ($(strip $(PYTHON)),)
$(error Python 3.11 or newer was not found. Install it, or name it: make run PYTHON=/path/to/python3.11)
endif

RUN := $(PYTHON) scripts/bootstrap.py --
DEV := $(PYTHON) scripts/bootstrap.py --dev --
PIN := --upgrade --quiet --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help run manage test test-long check lint format types pre-commit requirements messages benchmarks clean

help:
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} \
		/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo

## Run it
run: ## set up whatever is missing and serve Buka on http://localhost:8000 (PORT=8000, BUKA_HOME=.buka)
	@$(RUN) -m core.embedded.supervisor

manage: ## run a command of manage.py beside `make run`: make manage ARGS="createsuperuser"
	@$(RUN) manage.py $(ARGS)

## Check it
test: ## everything: linters, types, import contracts, migrations, deployment check, the tests (ARGS="-k …")
	@$(DEV) scripts/check.py $(ARGS)

test-long: ## the tests that `make test` leaves out because they take long
	@$(DEV) scripts/check.py -m long

check: test ## exactly what CI runs: the same

lint: ## ruff and the import contracts
	@$(DEV) scripts/check.py --only lint

types: ## mypy
	@$(DEV) scripts/check.py --only types

## Change it
format: ## put the code into its usual form
	@$(DEV) -m ruff check --fix --quiet .
	@$(DEV) -m ruff format .

messages: ## gather the texts of code and templates into locale/
	@$(DEV) manage.py make_messages

pre-commit: ## check each commit before it is made, from now on
	@$(DEV) -m pre_commit install

requirements: ## pin the newest versions that requirements*.in allow
	@$(DEV) -m uv pip compile $(PIN) requirements.in -o requirements.txt
	@$(DEV) -m uv pip compile $(PIN) requirements-dev.in -o requirements-dev.txt

## Measure it
benchmarks: ## run every benchmark quickly (full runs: see docs/benchmarks.md)
	@$(DEV) -m benchmarks --quick

## Start over
clean: ## remove what is built; the data in .buka stays
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results *.egg-info
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
