# The commands of this repository. The work is in Python: local/ for the environment, pytest, ruff.

PYTHON ?= python3
STACK ?= local
TIER ?= worker
# Kind of nodes of the embedded cluster: real (Linux, root) or simulated.
NODES ?=
# The key that `make rotate` replaces, or `make rotated` dates.
KEY ?=
# More arguments for pulumi: make up STACK=staging ARGS=--yes
ARGS ?=
# Stage 0: has .venv as requirements.txt says, then runs the virtual environment's Python.
RUN := $(PYTHON) local/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help up preview evidence pr-check stacks integrations rotate rotated ai-savings cost status \
	logs down failover env unit test e2e drill bench lint fmt docs requirements

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Deploy the platform to a control plane on this machine (STACK=… ARGS=… for another)
	@$(RUN) -m local --stack $(STACK) --nodes "$(NODES)" up -- $(ARGS)

preview: ## Show what `make up` would change
	@$(RUN) -m local --stack $(STACK) --nodes "$(NODES)" preview -- $(ARGS)

evidence: ## Write what both policy packs say of a stack to evidence/STACK/, for auditors and tools
	@$(RUN) -m local --stack $(STACK) --nodes "$(NODES)" evidence -- $(ARGS)

pr-check: lint unit evidence ## Check what a pull request is checked for, for one stack

# Those that .github/workflows/pull-request.yml previews on a backend of their own, as JSON.
stacks:
	@$(PYTHON) -c 'import json, sys; print(json.dumps(sys.argv[1:]))' \
		$(filter-out local,$(patsubst Pulumi.%.yaml,%,$(sort $(wildcard Pulumi.*.yaml))))

integrations: ## Show which outside services a stack uses, and which of their keys it has
	@$(RUN) -m integrations --stack $(STACK)

rotate: ## Replace a key in the order in which nobody misses it: KEY=… STACK=… ARGS=--dry-run
	@$(RUN) -m esc.rotation --stack $(STACK) $(ARGS) $(KEY)

rotated: ## Write down when keys were set or replaced by hand: KEY=… STACK=… ARGS="--on 2026-11-30"
	@$(RUN) -m esc.rotated --stack $(STACK) $(ARGS) $(KEY)

ai-savings: ## Replay traffic mixes through the AI gateway, and print what routing saves
	@$(RUN) -m ai_gateway.savings

cost: ## Show what a stack costs in AWS a month, and what of it its standby and each zone cost
	@$(RUN) -m cost --stack $(STACK)

status: ## Show what runs on the control plane of this machine
	@$(RUN) -m local status

logs: ## Follow the logs of a tier: make logs TIER=worker
	@$(RUN) -m local --tier $(TIER) logs

down: ## Remove the control plane of this machine and everything on it
	@$(RUN) -m local down

failover: ## Show how a standby takes over (STACK=… ARGS=--confirm does it), or goes back (ARGS=--back)
	@$(RUN) -m failover --stack $(STACK) $(ARGS)

env: ## Print shell variables for plain pulumi and kubectl: eval "$(make env)"
	@$(RUN) -m local env

unit: ## Run the fast tests, without Redis and without the engine
	@$(RUN) -m pytest tests/unit tests/policies tests/integrations tests/esc tests/evidence \
		tests/plugins tests/local tests/availability tests/cost tests/failover -n auto --dist loadscope

test: ## Run all tests: these, real Redis nodes, then the real engine on a control plane of its own
	@$(RUN) -m local --nodes simulated tools
	@$(RUN) -m pytest --ignore tests/engine --ignore tests/e2e -n auto --dist loadscope
	@$(RUN) -m pytest tests/engine

e2e: ## Break what `make up` made, piece by piece, and see it heal; removes the platform at its end
	@$(RUN) -m pytest tests/e2e

drill: ## Lose zones, drain nodes and restore a database, and measure each beside its target
	@$(RUN) -m drills all

bench: ## Measure preview, up and memory beside the same resources declared flat; what packs add
	@$(RUN) -m tests.benchmarks.up
	@$(RUN) -m tests.benchmarks.policies

lint: ## Check style and types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m basedpyright

fmt: ## Format the code and fix what can be fixed
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

docs: ## Write what documents take from code: settings, images, integrations, alerts, dashboards
	@$(RUN) -m local.documents

COMPILE := -m uv pip compile --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11 --universal --quiet

requirements: ## Compile requirements.txt from pyproject.toml, and the router's image's
	@$(RUN) $(COMPILE) pyproject.toml -o requirements.txt
	@$(RUN) $(COMPILE) --constraint requirements.txt ai_gateway/image/requirements.in \
		-o ai_gateway/image/requirements.txt
