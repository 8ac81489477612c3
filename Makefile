# Everything sets itself up: Python 3.11 or newer, make and a package index are all that must be there.
#
#   make demo    the product in two minutes: synthesise, train, judge, serve
#   make test    lint, types, tests
#   make slow    the tests that take long
#   make bench   Auscult beside the original's recipe, in one run
#   make faults  pictures and sounds of every synthetic fault, in docs/faults
#   make serve   serve the demonstration's bundle, or BUNDLE=other.auscult, on PORT=5000
#   make lock    write constraints.txt anew from what a fresh environment resolves to

PYTHON ?= python3
VENV ?= .venv
BUNDLE ?= demo/fan.auscult
PORT ?= 5000
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

# Pins for what is installed, and for what pip builds it with (older pips take the first for both).
export PIP_CONSTRAINT = constraints.txt
export PIP_BUILD_CONSTRAINT = constraints.txt

.PHONY: demo test slow bench faults serve lock clean

demo: $(VENV)/.train
	$(VENV)/bin/auscult demo demo

test: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest -m "not slow" --numprocesses 2

slow: $(VENV)/.dev
	$(VENV)/bin/pytest -m slow --timeout=1800 -s

bench: $(VENV)/.bench
	$(VENV)/bin/python benchmarks/run.py

faults: $(VENV)/.docs
	$(VENV)/bin/python docs/figures/faults.py

serve: $(VENV)/.train
	@test -e $(BUNDLE) || test $(BUNDLE) != demo/fan.auscult || $(VENV)/bin/auscult demo demo
	$(VENV)/bin/auscult serve $(BUNDLE) --port $(PORT)

lock: export PIP_CONSTRAINT =
lock: export PIP_BUILD_CONSTRAINT =
lock:
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/python -m pip install --quiet torch==2.13.0 hatchling editables \
		--editable '.[train,monitor,cluster,registry,azure,notebook,docs,dev,bench]'
	.lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt
	rm -rf .lock

clean:
	rm -rf $(VENV) .lock demo .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| (echo "Auscult needs Python 3.11 or newer, $(PYTHON) is older: make PYTHON=python3.12 ..." && exit 1)
	$(PYTHON) -m venv $(VENV)

# One environment, to which each target adds the extras it needs.
$(VENV)/.%: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing auscult[$*] into $(VENV)"
	$(PIP) --editable '.[$*]'
	@touch $@
