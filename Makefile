# Everything works on a machine with Python 3.11+ alone: .venv is made from the pinned requirements.
PYTHON ?= python3
BIN := .venv/bin
CODE := app.py chalicelib sandbox tests

.DEFAULT_GOAL := help
.PHONY: help sandbox test check format clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ —/'

.venv/.made: requirements.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit("dmdesk needs Python 3.11 or newer: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

sandbox: .venv/.made ## the whole bridge on this machine, with two conversations played
	$(BIN)/python -m sandbox $(ARGS)

test: .venv/.made ## every test (ARGS=-k… to choose)
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/.made ## lint, types, import rules, dead code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

format: .venv/.made ## rewrite the code in its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## what make made
	rm -rf .venv build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
