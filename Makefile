# Everything that is done with Waybond from a shell. Needs Python 3.11 or later with venv, and make; `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
MEMBERS := shared/contracts shared/kit services/pricing services/tracking services/claims services/signals deploy/local
PROJECTS := $(MEMBERS:%=%/pyproject.toml)
ARGS ?=
# In three processes, also on two cores: tests with servers wait for most of their time, and the others fill it.
# The tests say themselves which of them come first (tests/support/servers.py).
SIDE_BY_SIDE := --numprocesses 3 --dist loadgroup --no-loadscope-reorder
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# Each of the many processes of a run would compile all that it imports again (Scenario: an image for Python sets it).
unexport PYTHONDONTWRITEBYTECODE
# One interpreter, the one of .venv: uv must neither look for another nor download one.
export UV_PYTHON := $(CURDIR)/$(BIN)/python
export UV_PYTHON_DOWNLOADS := never
# Where the system keeps certificates they are the ones to trust: a company's proxy has its own.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := 1
endif

INSTALL := $(UV) pip install --quiet --require-hashes --no-deps
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock" $(foreach m,$(MEMBERS),--no-emit-package waybond-$(notdir $(m)))

.PHONY: help demo up down test simulate fuzz mutants lint chaos bench contracts format lock clean

help:  ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime  ## tell the Brazil parcel's story, replay real shipments, check the invariants
	waybond demo $(ARGS)

up: $(VENV)/.runtime  ## start Kafka, PostgreSQL, the services and the payment sandbox, and leave them running
	waybond up --detach $(ARGS)

down: $(VENV)/.runtime  ## stop what `make up` started
	waybond down $(ARGS)

# One order of Python's sets of text, as one seed of Hypothesis: the same cases each time.
test: export PYTHONHASHSEED := 0
test: $(VENV)/.dev  ## run all tests (ARGS="-m 'not servers'" for those that need no server)
	python -m pytest $(or $(ARGS),$(SIDE_BY_SIDE))

simulate: $(VENV)/.dev  ## run simulated worlds with faults (SEEDS=100000 for a long campaign, ARGS="--seed 123" for one)
	python -m tests.simulation $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

fuzz: $(VENV)/.dev  ## search with fresh seeds: properties, simulation, oracle (MINUTES=30, ARGS="--only simulation --seed 123")
	python -m tests.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

mutants: $(VENV)/.dev  ## put named defects into copies of the product, and see what catches them (ARGS="--only seek")
	python -m tests.mutants $(ARGS)

lint: $(VENV)/.dev  ## check style, types, layers, dependencies, and that the contracts are current
	ruff check .
	ruff format --check .
	pyright
	lint-imports
	for member in $(MEMBERS); do (cd $$member && echo "deptry $$member" && deptry src); done
	python -m waybond_contracts.generate --check

chaos: $(VENV)/.dev  ## do harm to the real stack for an hour (ARGS="--minutes 5 --seed 7 --only kill,zombie")
	python -m tests.chaos $(ARGS)

bench: $(VENV)/.dev  ## measure the claims service against the baseline
	python -m benchmarks $(ARGS)

contracts: $(VENV)/.dev  ## generate the JSON Schemas and the AsyncAPI document
	python -m waybond_contracts.generate

format: $(VENV)/.dev  ## format the code and mend what ruff can mend
	ruff check --fix .
	ruff format .

lock: $(VENV)/.dev  ## choose the newest versions of all dependencies and of Kafka's jars
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --upgrade requirements/build.in -o requirements/build.txt
	$(COMPILE) --upgrade $(PROJECTS) -o requirements/runtime.txt
	$(COMPILE) --upgrade --group dev -c requirements/runtime.txt -o requirements/dev.txt
	python -m waybond_local.downloads

clean:  ## remove the environment (downloads and data folders stay)
	rm -rf $(VENV)

# The stamps say what is installed: a second run installs nothing, a changed lock or member does.
$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing the tools for tests and checks"
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)/.runtime: $(VENV)/.build requirements/runtime.txt $(PROJECTS)
	@echo "Installing Waybond and what it runs on"
	@$(INSTALL) -r requirements/runtime.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --no-index $(MEMBERS:%=-e ./%)
	@touch $@

$(VENV)/.build: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Waybond needs Python 3.11 or later; make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo "This Python has no venv: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@
