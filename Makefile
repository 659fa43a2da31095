# The two commands that matter: make run-local, make test. Each sets up what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --custom-compile-command "make lock"

# What setup leaves uncompiled is compiled as it is first imported. Where that is forbidden, each
# start of the service compiles all of Qiskit for itself: 1.5 s instead of 0.5.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev run-local reset-local test test-live coverage chaos guards bench fuzz screenshots lint format lock vendor env-example clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/run.stamp  ## install what running needs, into .venv

setup-dev: $(VENV)/dev.stamp  ## install what tests and linters need as well

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

# A .pth file rather than pip install -e: it needs no build backend and cannot go stale.
$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements.lock
	echo "$(CURDIR)/src" > "$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')/quantum_tasks.pth"
	printf '#!/bin/sh\nexec "%s" -m quantum_tasks "$$@"\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/qtasks
	chmod +x $(BIN)/qtasks
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp tests/requirements.lock
	$(PIP) --require-hashes -r tests/requirements.lock
	touch $@

run-local: setup  ## start the service on http://127.0.0.1:8000; Ctrl-C stops it
	@exec $(BIN)/python -m quantum_tasks serve

reset-local: setup  ## delete the data that run-local keeps in .local
	@$(BIN)/python -m quantum_tasks reset

test: setup-dev  ## run every test
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

# Without the conftest.py of all other tests: this suite knows neither the code nor the database.
test-live: setup-dev  ## try every promise on a running service: URL=http://… (or several instances)
	@test -n "$(URL)" || { echo 'which service? make test-live URL=http://127.0.0.1:8000' >&2; exit 2; }
	LIVE_URL="$(URL)" $(BIN)/python -m pytest --confcutdir tests/live tests/live $(ARGS)

coverage: setup-dev  ## run every test and list the lines that none reached
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n 4 --dist worksteal --cov --cov-report=term $(ARGS)

chaos: setup-dev  ## break everything at random for minutes; ARGS="--seed 7" or ARGS="attackers"
	@$(BIN)/python tests/faults/chaos.py $(ARGS)

guards: setup-dev  ## remove every guard in turn and see a test fail
	@$(BIN)/python tests/faults/guards.py

bench: setup-dev  ## measure the service against a plain loop around the simulator
	@$(BIN)/python tests/bench $(ARGS)

SECONDS ?= 60

fuzz: $(VENV)/fuzz.stamp  ## look for new mistakes with each fuzzer, SECONDS=60 long
	@failed=; for fuzzer in api grammar differential straight raw; do echo "== $$fuzzer"; \
	$(BIN)/python tests/fuzz/$$fuzzer.py --seconds $(SECONDS) || failed="$$failed $$fuzzer"; done; \
	if [ -n "$$failed" ]; then echo "findings:$$failed"; exit 1; fi

$(VENV)/fuzz.stamp: $(VENV)/dev.stamp tests/fuzz/requirements.lock
	$(PIP) --require-hashes -r tests/fuzz/requirements.lock
	touch $@

screenshots: setup-dev  ## pictures of every page in every state, in screenshots/
	@$(BIN)/python tests/browser/screenshots.py $(ARGS)

lint: setup-dev  ## what CI checks besides the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-dev  ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:  ## pin every dependency anew (needs uv)
	$(LOCK) --extra qsim pyproject.toml -o requirements.lock
	$(LOCK) --extra qsim --group dev pyproject.toml -c requirements.lock -o tests/requirements.lock
	$(LOCK) --group fuzz -o tests/fuzz/requirements.lock

EDITOR := src/quantum_tasks/web/static/vendor/editor
TO ?= $(CURDIR)/$(EDITOR)

vendor:  ## bundle the page's editor and lit-html anew, from their lock file (needs npm)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && cp -R $(EDITOR)/source/. "$$folder" \
	&& cd "$$folder" && npm ci --no-audit --no-fund --loglevel=error && node build.mjs made \
	&& cp made/* "$(TO)"

env-example: setup  ## write .env.example from the settings
	$(BIN)/python -c 'from quantum_tasks.settings import describe; print(describe(), end="")' > .env.example

clean:  ## delete everything that make made, but the data
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .coverage* dist screenshots
