# Everything sets itself up: Python 3.11 or newer, make and a package index are all that must be there.
#
#   make demo    the product in two minutes: synthesise, train, judge, serve
#   make test    lint, types, tests
#   make slow    the tests that take long
#   make image-test        build the container image, run it, and print its figures (root on Debian); -arm64: under emulation
#   make bench   Auscult beside the original's recipe, in one run
#   make faults  pictures and sounds of every synthetic fault, in docs/faults
#   make serve   serve the demonstration's bundle, or BUNDLE=other.auscult, on PORT=5000
#   make audit   hold the pins against the databases of known vulnerabilities, where they can be had
#   make lock    write constraints.txt and serving.lock anew from what a fresh environment resolves to

PYTHON ?= python3
VENV ?= .venv
BUNDLE ?= demo/fan.auscult
PORT ?= 5000
SLOW ?= slow and not image
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

# Pins for what is installed, and for what pip builds it with (older pips take the first for both).
export PIP_CONSTRAINT = constraints.txt
export PIP_BUILD_CONSTRAINT = constraints.txt

# Two processes test at once: numerical libraries that start threads of their own would be in each other's way. The many
# processes that tests start find their modules compiled, even where the environment forbids that.
PYTEST = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(VENV)/bin/pytest --numprocesses 2 --dist worksteal
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test slow image-test image-test-arm64 bench faults serve audit lock clean

demo: $(VENV)/.train
	$(VENV)/bin/auscult demo demo

test: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PYTEST) -m "not slow"

slow: $(VENV)/.dev
	$(PYTEST) -m "$(SLOW)" --timeout=1800 -rP

image-test: $(VENV)/.dev
	containers/install_test_tools.sh
	$(VENV)/bin/pytest -m image -s tests/containers --ignore=tests/containers/test_arm64.py

image-test-arm64: $(VENV)/.dev
	containers/install_test_tools.sh
	$(VENV)/bin/pytest -m image -s tests/containers/test_arm64.py

bench: $(VENV)/.bench
	$(VENV)/bin/python benchmarks/run.py

faults: $(VENV)/.docs
	$(VENV)/bin/python docs/figures/faults.py

serve: $(VENV)/.train
	@test -e $(BUNDLE) || test $(BUNDLE) != demo/fan.auscult || $(VENV)/bin/auscult demo demo
	$(VENV)/bin/auscult serve $(BUNDLE) --port $(PORT)

audit: $(VENV)/.audit
	$(VENV)/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

lock: export PIP_CONSTRAINT =
lock: export PIP_BUILD_CONSTRAINT =
lock:
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/python -m pip install --quiet torch==2.13.0 hatchling editables \
		--editable '.[train,monitor,cluster,registry,azure,notebook,docs,dev,bench]'
	.lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt
	.lock/bin/python -m pip install --quiet pip-tools
	.lock/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--extra registry --extra monitor --extra azure --constraint constraints.txt --output-file serving.lock pyproject.toml
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
