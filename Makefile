# Two commands do everything on a fresh machine: `make drill` and `make test`.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
JOBS ?= 2
READY := $(VENV)/.ready
SERVERS := $(VENV)/.servers
FUZZER := $(VENV)/.fuzzer
unexport PYTHONDONTWRITEBYTECODE # some machines set it, and each process would compile the package anew

.PHONY: help check pictures drill test score nightly nightly-docker nightly-process nightly-kills nightly-clients nightly-pythons nightly-newcomers nightly-nomad fuzz audit lint schema images contract benchmarks clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

drill: $(SERVERS) ## Set up what is missing and run the documented drill
	$(BIN)/apiary-drill run $(DRILL)

test: $(SERVERS) ## Set up what is missing, and run the tests
	@flock .ci/setup sh .ci/browser
	@flock .ci/setup sh .ci/stores
	.ci/in-memory --basetemp= $(BIN)/pytest -n $(JOBS) --dist loadgroup -m 'not slow' $(TEST)

score: $(SERVERS) ## Drill every scenario, each with what it breaks, and say what was noticed
	$(BIN)/apiary-drill score --jobs $(JOBS) $(SCORE)

nightly: $(SERVERS) ## Drill everything in both runtimes, and drills in which nothing is broken; minutes become hours
	mkdir -p build
	$(MAKE) --keep-going nightly-docker nightly-process nightly-kills nightly-clients nightly-pythons nightly-newcomers nightly-nomad fuzz audit SECONDS=3600

# What one of them finds keeps none of the others from being run.
nightly-docker nightly-process: nightly-%: $(SERVERS)
	$(BIN)/apiary-drill score --runtime $* --jobs $(JOBS) --fault-free 20 --json $(SCORE) > build/scorecard-$*.json

nightly-kills: $(SERVERS)
	$(BIN)/python benchmarks/kills.py --docker --step-clock

nightly-clients: $(SERVERS)
	APIARY_DRILL_SCRIPTS=4000 $(BIN)/pytest -n 2 --dist loadgroup tests/contract/mysql/test_real_client.py

# Go, and Nomad's own types from the module proxy: 50 s of processor time the first time.
nightly-nomad:
	cd tests/nomad && go run . ../../docs/examples

nightly-pythons: $(SERVERS)
	$(BIN)/python .ci/pythons build/pythons

nightly-newcomers:
	.ci/newcomers build/newcomers

fuzz: $(FUZZER) ## Fuzz the readers of untrusted input for SECONDS in all
	$(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS),--fixed)

audit: $(READY) ## A software bill of materials, and the known vulnerabilities of what it lists
	.ci/audit $(VENV) build/audit

check: lint ## What a change is tried with first: lint, types and the unit tests
	$(BIN)/pytest -q -n $(JOBS) --dist loadgroup tests/unit

lint: $(READY) ## ruff, mypy strict, and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir build/import-linter

schema: $(READY) ## Write the published JSON Schemas anew, after a change of what is written
	$(BIN)/apiary-drill schema result > docs/schema/result-1.schema.json
	$(BIN)/apiary-drill schema scenario > docs/schema/scenario-1.schema.json

images: $(READY) ## Make the images of the Docker runtime and of the tool from Debian packages
	$(BIN)/apiary-drill images build
	$(BIN)/apiary-drill images build tool

pictures: $(SERVERS) ## The README's pictures, from a real drill of the real Apiary's backup
	$(BIN)/python .ci/pictures docs/pictures --runtime process

contract: $(READY) ## The Meilisearch contract, against MEILISEARCH_URL with MEILISEARCH_KEY, or the embedded server
	MEILISEARCH_URL='$(MEILISEARCH_URL)' MEILISEARCH_KEY='$(MEILISEARCH_KEY)' $(BIN)/pytest tests/contract/meilisearch

benchmarks: $(SERVERS) ## Measure everything on an idle machine, and write the tables of docs/benchmarks.md and the README; under 20 minutes
	$(BIN)/python -m benchmarks.all --write $(BENCHMARKS)

clean: ## Remove what killed drills left, and the virtual environment
	-$(BIN)/apiary-drill cleanup
	rm -rf $(VENV)

# The virtual environment, from hash-pinned requirements. Two makes at once wait for each other.
$(READY): pyproject.toml requirements-dev.txt .ci/setup
	@flock .ci/setup .ci/setup "$(PYTHON)" "$(VENV)"
	@touch $@

# The fuzzer is a fifth of all packages' weight, and needed for nothing else.
$(FUZZER): $(READY) requirements-fuzz.txt
	@flock .ci/setup $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@touch $@

# The servers: system packages where this is root on Debian, else what is missing and the ways to get it.
$(SERVERS): $(READY)
	@flock .ci/setup $(BIN)/apiary-drill doctor --install
	@touch $@
