# make run        the bot on http://127.0.0.1:8765, with the demo database and the shipped student
# make test       the tests (make test-slow: those that take minutes)
# make check      lint, types, architecture
# make bench      latency, memory and start-up time, measured here
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: run test test-slow check bench

run: $(VENV)/.installed
	$(PY) -m adapters.terminal serve --web

test: $(VENV)/.installed-dev
	$(PY) -m pytest -q -m "not slow"

test-slow: $(VENV)/.installed-dev
	$(PY) -m pytest -q -m slow

check: $(VENV)/.installed-dev
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/test_architecture.py

bench: $(VENV)/.installed-dev
	$(PY) -m adapters.terminal bench
	$(PY) -m adapters.terminal bench --size gpt2

# The stamps make a second start fast: packages are installed again only when the pins change.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable ".[dev]"
	touch $(VENV)/.installed $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Mynah needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	touch $@
