# make run: set up and open the deck.  make test: set up and run every test.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt
SETUP := pyproject.toml constraints.txt
# It keeps time with devices, and so runs without other tests beside it.
SOAK := tests/audio/test_soak.py

.PHONY: run test lint bench clean

run: $(VENV)/.run
	@$(VENV)/bin/voxdeck

test: $(VENV)/.dev
	@tests/system_packages
	$(VENV)/bin/python -m pytest --numprocesses 3 --dist worksteal --ignore=$(SOAK)
	$(VENV)/bin/python -m pytest $(SOAK)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev
	@$(PIP) --quiet '.[bench]'
	$(VENV)/bin/python -m tests.benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Voxdeck needs Python 3.11 or later; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python cannot make virtual environments here (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }

$(VENV)/.run: $(VENV)/bin/python $(SETUP)
	@echo "Setting up Voxdeck in $(VENV) (about 400 MB with the speech engines; once) ..."
	@$(PIP) --editable '.[local]'
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python $(SETUP)
	@echo "Setting up Voxdeck and its tests in $(VENV) ..."
	@$(PIP) --editable '.[local,dev]'
	@touch $@ $(VENV)/.run
