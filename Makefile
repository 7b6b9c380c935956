# run, test, check, bench: each sets up what it needs, once. Needs python3 (3.11 to 3.13) with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tools have an environment of their own on top of the app's: what the app runs in is requirements.txt alone.
TOOLS := .venv-tools
TOOL := $(TOOLS)/bin
PORT ?= 8501
# Tests wait for servers and browsers half of the time: two at once fill two cores.
JOBS ?= 2
PYTEST := $(TOOL)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup install run test lint check bench screenshots precompute clean

help:
	@echo "make run    the app, on http://localhost:$(PORT)"
	@echo "make install  the environment of the app and of the terminal commands, in $(VENV)"
	@echo "make test   every test, browser included where Chromium is installed"
	@echo "make check  format, lint, types (make lint) and the fast tests"
	@echo "make bench  the measured figures, ours and the peers'"
	@echo "make precompute  the homework's race, shipped as recorded"
	@echo "make screenshots  every page, light and dark, at three widths, into build/screenshots"

setup: $(TOOLS)/.installed-dev

# A stamp per requirement file: installing again happens when one changes, and only then.
$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "HW5 Lab needs Python 3.11 or newer, not " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: requirements.txt $(VENV)/.created
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# A .pth file puts the app's packages behind the tools' own.
$(TOOLS)/.created: $(VENV)/.installed
	$(PYTHON) -m venv $(TOOLS)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$($(TOOL)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/app.pth"
	touch $@

$(TOOLS)/.installed-dev: requirements-dev.txt $(TOOLS)/.created
	$(TOOL)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(TOOLS)/.installed-bench: requirements-bench.txt $(TOOLS)/.installed-dev
	$(TOOL)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

install: $(VENV)/.installed

run: install
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: setup
	HW5_ENVIRONMENT=$(abspath $(VENV)) $(PYTEST)

lint: setup
	$(TOOL)/ruff format --check .
	$(TOOL)/ruff check .
	$(TOOL)/mypy

check: lint
	$(PYTEST) -m "not browser and not slow"

bench: $(TOOLS)/.installed-bench
	$(TOOL)/python -m benchmarks

# The homework's race on MNIST, shipped as recorded: again whenever TRAINING_VERSION was raised.
precompute: setup
	$(TOOL)/python -m hw5core precompute

screenshots: setup
	$(TOOL)/python -m tools.screenshots

clean:
	rm -rf $(VENV) $(TOOLS) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
