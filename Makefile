# run, test, check, bench: each sets up what it needs, once. Needs python3 (3.11 to 3.13) with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: help setup run test check bench screenshots precompute clean

help:
	@echo "make run    the app, on http://localhost:$(PORT)"
	@echo "make test   every test, browser included where Chromium is installed"
	@echo "make check  format, lint, types and the fast tests"
	@echo "make bench  the measured figures, ours and the peers'"
	@echo "make precompute  the homework's race, shipped as recorded"
	@echo "make screenshots  every page, light and dark, at three widths, into build/screenshots"

setup: $(VENV)/.installed-dev

# A stamp per requirement file: installing again happens when one changes, and only then.
$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "HW5 Lab needs Python 3.11 or newer, not " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: requirements.txt $(VENV)/.created
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

run: $(VENV)/.installed
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not browser and not slow"

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks

# The homework's race on MNIST, shipped as recorded: again whenever TRAINING_VERSION was raised.
precompute: setup
	$(BIN)/python -m hw5core precompute

screenshots: setup
	$(BIN)/python -m tools.screenshots

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
