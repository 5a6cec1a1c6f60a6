# Everything works on a machine with make and Python 3.11 or newer alone. What a target needs is put into .venv first,
# and no more: tools/environment.py says how far it is.
PYTHON ?= python3
ARCH ?= arm64
BIN := .venv/bin
# .venv stays with the Python that made it, unless another is named
MAKER = $(shell test "$(origin PYTHON)" = file -a -x $(BIN)/python && echo $(BIN)/python || echo $(PYTHON))
NEEDS := $(addprefix needs-,function sandbox operator supply developer)

.DEFAULT_GOAL := help
.PHONY: help sandbox operator venv test test-terraform check format docs chaos bench scale peer fuzz package checkov update sbom licences audit evidence clean $(NEEDS)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "ARGS=… goes on to what is run: make sandbox ARGS=--help. PYTHON=python3.12 names another Python."

# --- to run it

sandbox: needs-sandbox ## the whole bridge on this machine, with a page to play both sides
	@$(BIN)/python -m sandbox $(ARGS)

operator: needs-operator ## the operator's command, .venv/bin/dmdesk (it brings Genesys Cloud's SDK)
	@echo "$(BIN)/dmdesk --help tells what it does"

# the packaging Python is Lambda's, so each version has a place of its own, with nothing but requirements.txt
package: VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
package: ## build/dmdesk.zip for Lambda (ARCH=x86_64, PYTHON=python3.13 to choose)
	$(call environment,$(PYTHON),function --folder build/python-$(VERSION))
	build/python-$(VERSION)/bin/python -m tools.package --arch $(ARCH)

# --- to work on it

venv: needs-developer ## everything that a developer needs, in .venv

# each of the workers would rewrite all assertions anew where the environment forbids bytecode: half of collecting
test: export PYTHONDONTWRITEBYTECODE =
test: needs-developer ## every test but Terraform's (ARGS=-k… to choose)
	$(BIN)/python -m pytest -n 4 --dist loadgroup --ignore tests/deploy --ignore tests/genesys_module $(ARGS)

# TERRAFORM_MIRROR names a folder to take the AWS provider from; without it Terraform downloads it as usual
test-terraform: needs-developer ## package, plan and apply everything to an emulated AWS and Genesys Cloud (needs Terraform)
	$(BIN)/python -m pytest tests/deploy/test_deployed.py $(ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/deploy tests/genesys_module --ignore tests/deploy/test_deployed.py $(ARGS)

check: needs-developer ## lint, types, import rules, dead code, Terraform's form (where there is one)
	@if command -v terraform >/dev/null; then terraform fmt -check -diff -recursive terraform; \
	else echo "Terraform is not installed: the form of its files is not checked"; fi
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

format: needs-developer ## rewrite the code in its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: needs-function ## rewrite the pages of docs/ that the code tells (features, rendering, errors, data flow …)
	$(BIN)/python -m tools.docs

chaos: needs-developer ## thousands of messages while processes die and calls fail: ten minutes, and a table (ARGS=--help)
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: export DMDESK_FUZZ ?= 100000
fuzz: needs-developer ## 100,000 bodies that nobody documents of each platform and desk (DMDESK_FUZZ=… for another number)
	$(BIN)/python -m pytest -n 4 tests/fuzz $(ARGS)

bench: needs-developer ## how fast it is, beside the floor; writes bench/RESULTS.md (ARGS=--quick)
	$(BIN)/python -m bench $(ARGS)

scale: needs-developer ## how far it goes on many machines, and what that costs, by simulation; writes docs/scale.md
	$(BIN)/python -m bench.scale

peer: needs-developer ## AWS' sample for Amazon Connect and this bridge side by side; writes bench/peer.md
	@$(BIN)/python -m bench.peer

# its requirements do not agree with ours, so it has a place of its own
checkov: ## look over Terraform for what is open, unencrypted, unwatched
	$(call environment,$(MAKER),checkov --folder build/checkov)
	build/checkov/bin/checkov --config-file terraform/.checkov.yaml --quiet --compact -d terraform

# --- what others made

# ARGS=--upgrade-package=NAME for one alone; without --upgrade only what the .in files changed
update: ARGS = --upgrade
update: needs-supply ## the newest versions of all that is required, with their hashes, into requirements*.txt
	$(BIN)/python -m tools.locks $(ARGS)

sbom: needs-supply package ## build/sbom.cdx.json: every project, licence and file of the package (CycloneDX)
	$(BIN)/python -m tools.bill

licences: needs-developer ## the licence of all that is required; fails on one that is unknown or not allowed
	$(BIN)/python -m tools.licences

audit: needs-supply ## known vulnerabilities of all that is required; fails where nobody could look
	$(BIN)/python -m tools.audit $(ARGS)

# the deployment's story tells what each role used; it needs Terraform, and ten minutes
evidence: needs-developer package ## build/evidence for reviewers: bill of materials, rights, threats, checkov, hashes …
	$(call environment,$(MAKER),checkov --folder build/checkov)
	rm -rf build/evidence && mkdir -p build/evidence
	DMDESK_EVIDENCE=$(CURDIR)/build/evidence $(BIN)/python -m pytest tests/deploy/test_deployed.py \
	  tests/deploy/test_package.py tests/deploy/test_upgrade.py --junitxml build/evidence/deployed.xml
	$(BIN)/python -m tools.evidence

clean: ## take away what make made
	rm -rf .venv build .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# --- environments

$(NEEDS): needs-%:
	$(call environment,$(MAKER),$*)

# $(1) makes an environment as $(2) says; a Python that cannot is told in words
define environment
@"$(1)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
echo "dmdesk needs Python 3.11 or newer, which $(1) is not. Name one that is: make PYTHON=python3.12 …" >&2; exit 1; }
@"$(1)" tools/environment.py $(2)
endef
