# Everything works on a machine with Python 3.11+ alone: .venv is made from the pinned requirements.
PYTHON ?= python3
BIN := .venv/bin
CODE := app.py chalicelib sandbox tests

.DEFAULT_GOAL := help
ARCH ?= arm64
# the packaging Python is Lambda's, so each version has a place of its own, with nothing but requirements.txt
VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')

.PHONY: help bench sandbox test test-terraform check format package checkov docs clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ —/'

.venv/.made: requirements.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit("dmdesk needs Python 3.11 or newer: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

sandbox: .venv/.made ## the whole bridge on this machine, with two conversations played
	$(BIN)/python -m sandbox $(ARGS)

bench: .venv/.made ## how fast it is, beside the floor; writes bench/RESULTS.md (ARGS=--quick)
	$(BIN)/python -m bench $(ARGS)

test: .venv/.made ## every test but Terraform's (ARGS=-k… to choose)
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore tests/deploy --ignore tests/genesys_module $(ARGS)

# TERRAFORM_MIRROR names a folder to take the AWS provider from; without it Terraform downloads it as usual
test-terraform: .venv/.made ## package, plan and apply everything to an emulated AWS and Genesys Cloud (needs Terraform)
	$(BIN)/python -m pytest tests/deploy/test_deployed.py $(ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/deploy tests/genesys_module --ignore tests/deploy/test_deployed.py $(ARGS)

check: .venv/.made ## lint, types, import rules, dead code, Terraform's form (where there is one)
	@if command -v terraform >/dev/null; then terraform fmt -check -diff -recursive terraform; \
	else echo "Terraform is not installed: the form of its files is not checked"; fi
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

format: .venv/.made ## rewrite the code in its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build/python-%/.made: requirements.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.SECONDARY:
package: ## build/dmdesk.zip for Lambda (ARCH=x86_64, PYTHON=python3.13 to choose)
	$(MAKE) --no-print-directory build/python-$(VERSION)/.made
	build/python-$(VERSION)/bin/python tools/package.py --arch $(ARCH)

# its requirements do not agree with ours, so it has a place of its own
build/checkov/.made:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30
	touch $@

checkov: build/checkov/.made ## look over Terraform for what is open, unencrypted, unwatched
	build/checkov/bin/checkov --config-file terraform/.checkov.yaml -d terraform

docs: .venv/.made ## rewrite the pages of docs/ that the code tells (features, rendering, participant data)
	$(BIN)/python -m tools.docs

clean: ## what make made
	rm -rf .venv build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
