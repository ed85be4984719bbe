# Every target sets up what it needs in .venv; only Python 3.11 or later, make and git must be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# An index of an older version is upgraded.
INDEX = @$(BIN)/tunetrace index info >/dev/null 2>&1 || $(BIN)/tunetrace index migrate 2>/dev/null || { $(BIN)/tunetrace index build && $(BIN)/tunetrace baseline; }

.PHONY: demo serve test quick faults lint bench bench-model bench-similar bench-scale clean

demo: $(VENV)/demo ## Build the default index and measure its baseline, unless there is one, and trace the post's transcription.
	$(INDEX)
	$(BIN)/tunetrace check examples/post.txt

serve: $(VENV)/serve ## Serve the default index over HTTP, on this machine alone; build it first, unless there is one.
	$(INDEX)
	$(BIN)/tunetrace serve

test: $(VENV)/dev ## Run every test.
	$(BIN)/python -m pytest --numprocesses auto

quick: $(VENV)/dev ## Run the tests that are not marked as slow.
	$(BIN)/python -m pytest --numprocesses auto -m "not slow"

faults: $(VENV)/dev ## Try each fault 50 times (`make test` does so a few times), and print what was lost.
	TUNETRACE_FAULT_ROUNDS=50 $(BIN)/python -m pytest --numprocesses 2 -m fault

lint: $(VENV)/dev ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev ## Measure the budgets beside grep, SQLite FTS5, tokengrams, infini-gram and the other readers of ABC.
	$(BIN)/python -m benchmarks

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[corpora,report,score]'
	@touch $@

$(VENV)/serve: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[corpora,serve]'
	@touch $@ $(VENV)/demo

$(VENV)/dev: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/demo $(VENV)/serve

bench-model: $(VENV)/dev ## Measure models beside the published loop, torch.nn.LSTM and infini-gram.
	$(BIN)/python -m benchmarks.model
	$(BIN)/python -m benchmarks.inside

bench-similar: $(VENV)/dev ## Measure near copies beside TF-IDF and MMseqs2 (Debian's package mmseqs2), and draw docs/near-copies.png.
	$(BIN)/python -m benchmarks.similar --picture docs/near-copies.png

bench-scale: $(VENV)/dev ## Build indexes of 23,636 to 1,000,000 transcriptions, and measure how time and memory grow.
	$(BIN)/python -m benchmarks.scale

clean: ## Remove what make made.
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
