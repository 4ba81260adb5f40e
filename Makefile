# hengneng. `make run` is all that is needed to see it; `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8000
# In CI one more than there are processors: a test that waits for a process, a broker or a browser leaves one idle.
ifeq ($(CI),true)
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
else
WORKERS ?= logical
endif

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
VENDOR := src/hengneng/web/static/vendor
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := $(PIP_INSTALL) --require-hashes --only-binary :all:
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

ifeq (,$(shell command -v $(PYTHON)))
$(error hengneng needs Python 3.11 or later, and there is no $(PYTHON). Install one, or name it: make setup PYTHON=python3.12)
endif

# A stamp carries the digest of what it was made from: changed locks are installed, unchanged ones cost nothing.
digest = $(shell $(PYTHON) tools/digest.py $(1))
BASE_STAMP := $(STAMPS)/base-$(call digest,requirements/base.txt pyproject.toml)
TEST_STAMP := $(STAMPS)/test-$(call digest,requirements/test.txt)
SPARK_STAMP := $(STAMPS)/spark-$(call digest,requirements/spark.txt)
NODE_STAMP := $(STAMPS)/node-$(call digest,requirements/node.txt)
FRONTEND_STAMP := $(VENDOR)/.lock-$(call digest,package-lock.json tools/frontend.py)

# The package with npm is only installed where there is none.
ifeq (,$(and $(shell command -v npm),$(shell command -v node)))
NEEDED_FOR_FRONTEND := $(NODE_STAMP)
endif

# The program is started again and again, tests of commands start it hundreds of times: what it has compiled once is kept,
# also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-postgresql check tools-for-tests lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(BASE_STAMP) $(FRONTEND_STAMP)  ## environment, program and front-end files
	@:

run: setup  ## load what is there and serve it: PORT=8000
	$(BIN)/hengneng run --port $(PORT)

# With CI=true: everything that knows a database on PostgreSQL, then everything on SQLite; nothing is skipped for want of either or of a browser.
test: check  ## checks of the code, then all tests
ifeq ($(CI),true)
	$(PYTEST) --database postgresql
endif
	$(PYTEST) --database sqlite

test-postgresql: setup tools-for-tests  ## all tests on a real PostgreSQL, which comes with the test tools
	$(PYTEST) --database postgresql

check: setup tools-for-tests  ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo

tools-for-tests: $(TEST_STAMP) $(SPARK_STAMP)
	@:

lock:  ## write the locks anew (needs uv and npm): make lock UPGRADE=--upgrade
	tools/lock.sh $(UPGRADE)

clean:  ## remove everything that setup made
	rm -rf $(VENV) node_modules $(VENDOR) src/*.egg-info

$(BIN)/python:
	@$(PYTHON) tools/check_python.py
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(BASE_STAMP): | $(BIN)/python
	@echo "installing the program"
	@$(LOCKED) --requirement requirements/base.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && rm -f $(STAMPS)/base-* && touch $@

$(TEST_STAMP): | $(BASE_STAMP)
	@echo "installing the test tools"
	@$(LOCKED) --requirement requirements/test.txt
	@mkdir -p $(STAMPS) && rm -f $(STAMPS)/test-* && touch $@

# Spark is published as a source only, so that it is built here; its hash is checked like the others.
$(SPARK_STAMP): | $(BASE_STAMP)
	@echo "installing Spark"
	@$(PIP_INSTALL) --require-hashes --requirement requirements/spark.txt
	@mkdir -p $(STAMPS) && rm -f $(STAMPS)/spark-* && touch $@

$(NODE_STAMP): | $(BIN)/python
	@echo "installing npm as a package"
	@$(LOCKED) --requirement requirements/node.txt
	@mkdir -p $(STAMPS) && rm -f $(STAMPS)/node-* && touch $@

$(FRONTEND_STAMP): | $(BIN)/python $(NEEDED_FOR_FRONTEND)
	@echo "bringing the front-end files"
	@$(BIN)/python tools/frontend.py $@
