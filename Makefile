# Everything here makes what it needs: the virtual environment, the packages.
PYTHON ?= python3
VENV := .venv
EXTRAS ?= test
BIN := $(VENV)/bin
COMMA := ,
TESTED := $(VENV)/tested-$(subst $(COMMA),-,$(EXTRAS))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# What the end-to-end tests play with; installed where we are root on a Debian-like machine.
DEBIAN := libegl1 libgl1 libgl1-mesa-dri libasound2 jackd2 csound liblo-tools xvfb xdotool \
	jack-midi-clock libportaudio2 iproute2 chromium chromium-driver chromium

.PHONY: help show test lint fast bench packages clean

help:
	@echo "make show    make the environment and play: a window, or a short film where there is no display"
	@echo "make test    lint, and run every test"
	@echo "make fast    only the quick tests"
	@echo "make lint    ruff, mypy, import contracts"
	@echo "make bench   how fast each part is on this machine, into docs/bench.md"
	@echo "make clean   remove the environment"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))' \
		|| { echo "Kaleidream: expected Python 3.11 to 3.13, received $$($(PYTHON) --version)"; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Kaleidream: no virtual environment; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/installed: $(BIN)/python setup.cfg pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(TESTED): $(VENV)/installed
	$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@

show: $(VENV)/installed
	$(BIN)/kaleidream demo

packages:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& ! dpkg -s $(DEBIAN) >/dev/null 2>&1; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $(DEBIAN) >/dev/null; fi

lint: $(TESTED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: $(TESTED)
	$(BIN)/python -m pytest -q -n 2 -m "not e2e and not window"

test: packages lint fast
	$(BIN)/python -m pytest -q -m window
	$(BIN)/python -m pytest -q --durations=10 -m e2e

$(VENV)/charted: $(VENV)/installed
	$(PIP) --editable '.[bench]'
	@touch $@

bench: $(VENV)/charted
	$(BIN)/kaleidream bench --docs docs

clean:
	rm -rf $(VENV)
