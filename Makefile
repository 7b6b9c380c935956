# Each target first installs what it needs, once. Requires make and Python 3.11 to 3.13 with venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tools have a separate environment that also sees the app's packages, so that .venv has requirements.txt alone.
TOOLS := .venv-tools
TOOL := $(TOOLS)/bin
PORT ?= 8501
# How many test processes run at the same time.
JOBS ?= 2
PYTEST := $(TOOL)/python -m pytest -n $(JOBS) --dist worksteal
# Tests start Python hundreds of times, so each process uses the modules that another one has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup install run test lint check bench screenshots precompute clean

help:
	@echo "make run          serve the app on http://localhost:$(PORT)"
	@echo "make install      install the app and its terminal commands into $(VENV)"
	@echo "make test         run every test, including the browser's where Chromium is installed"
	@echo "make check        check format, lint and types, and run the fast tests"
	@echo "make lint         check format, lint and types"
	@echo "make bench        measure speed and memory, ours and the peers'"
	@echo "make precompute   train the race that is shipped as a recording"
	@echo "make screenshots  take pictures of every page, light and dark, at four widths, into build/screenshots"
	@echo "make clean        delete the environments, build/ and caches"

setup: $(TOOLS)/.installed-dev

# One stamp per requirements file: pip runs again only when that file changes.
$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "HW5 Lab needs Python 3.11 or newer, not " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: requirements.txt $(VENV)/.created
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# The .pth file adds the app's packages to the tools' path, after the tools' own.
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
	HW5_ENVIRONMENT="$(CURDIR)/$(VENV)" $(PYTEST)

lint: setup
	$(TOOL)/ruff format --check .
	$(TOOL)/ruff check .
	$(TOOL)/mypy

check: lint
	$(PYTEST) -m "not browser and not slow"

bench: $(TOOLS)/.installed-bench
	$(TOOL)/python -m benchmarks

# Run this again whenever TRAINING_VERSION changes.
precompute: setup
	$(TOOL)/python -m hw5core precompute

screenshots: setup
	$(TOOL)/python -m tools.screenshots

clean:
	rm -rf $(VENV) $(TOOLS) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
