# The commands of the project. Each installs what it needs into .venv by itself; `make help` lists them.
PYTHON := .venv/bin/python
UV := $(PYTHON) -m uv pip
# Python reads compiled files; without this each process of a fresh machine would compile torch again.
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help notebooks test fuzz lab explore browser figures machines benchmark atlas chaos checkpoints tables \
  picture write refresh format constraints clean always

# Lessons run in their own folder. Tests run side by side, each on one thread: more would wait for each other.
ifdef STEERLENS_DATA
export STEERLENS_DATA := $(shell python3 -c 'import os; print(os.path.abspath(os.environ["STEERLENS_DATA"]))')
endif
# What torch frees is kept by the C library instead of given back to the system and fetched again page by page.
export MALLOC_MMAP_THRESHOLD_ := 33554432
export MALLOC_TRIM_THRESHOLD_ := 134217728
test fuzz browser figures: export TQDM_DISABLE := 1
test fuzz browser: export OMP_NUM_THREADS := 1
lab explore: export PYTHONPATH := notebooks/site
PROMPT := kernel_websocket_connection_class=prompt_connection.PromptConnection
# A page sends the pictures that are uploaded in one message: 100 MiB instead of 10. Without a page a kernel ends.
LARGE := tornado_settings="{'websocket_max_message_size': 104857600}"
CULL := --MappingKernelManager.cull_idle_timeout=300 --MappingKernelManager.cull_interval=60

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' Makefile | expand -t 14

notebooks: .venv/installed  ## run the lessons on the data at hand; the site is build/site/index.html
	@$(MAKE) --no-print-directory build/executed || true
	@$(PYTHON) notebooks/site/figures.py build/figures || true
	@$(PYTHON) notebooks/site/pages.py build/notebooks build/figures build/site

test: .venv/installed  ## lint, types, unit tests, doctests, and the lessons with their marked outputs
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --ignore tests/browser steerlens notebooks/steerlens_lessons tests
	@$(MAKE) --no-print-directory build/executed

fuzz: .venv/installed  ## ten thousand bad calls: each must raise one clear error and change nothing
	FUZZ=10000 CI=true $(PYTHON) -m pytest -q tests/test_bad_input.py -k one_bad_argument

# The lessons are run once for both commands, and again when a file or what they run under has changed.
build/executed: $(shell find steerlens notebooks data/checkpoints data/results -type f -not -name '*.pyc' -not -path '*/site/play/*') build/conditions .venv/installed
	@rm -rf build/notebooks
	@$(PYTHON) notebooks/site/execution.py build/notebooks
	@touch $@

always:

build/conditions: always
	@mkdir -p build; OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} env | grep -E '^(STEERLENS_DATA|ATEN|ONEDNN|DNNL|MKL|OMP)' | sort > $@.new; ls data >> $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

lab: .venv/installed  ## JupyterLab on the lessons
	$(PYTHON) -m jupyter lab notebooks --ServerApp.$(PROMPT) --ServerApp.$(LARGE)

explore: .venv/installed  ## the explorer on a page of its own (Voila)
	$(PYTHON) -m voila notebooks/explore.ipynb --TagRemovePreprocessor.remove_cell_tags=remove-cell --Voila.$(PROMPT) --Voila.$(LARGE) $(CULL)

browser: .venv/installed  ## the widgets in a real browser; screenshots in build/browser/ (needs Chromium)
	$(PYTHON) -m pytest --numprocesses auto --maxprocesses 2 --dist loadfile tests/browser

figures: .venv/installed  ## the paper's figures, made again: build/figures/index.html
	$(PYTHON) notebooks/site/figures.py build/figures

machines: .venv/installed  ## tests and lessons as other machines would run them: tests/machines.md (hours)
	$(PYTHON) tests/machines.py

benchmark: .venv/benchmark  ## speed beside other packages
	for name in importing peers floor linear large atlas explorer playground atlas_page page; do \
	  PYTHONPATH=tests/browser:notebooks/site $(PYTHON) tests/benchmarks/$$name.py || exit 1; done

atlas: .venv/installed  ## all test digits to all other classes at three distances, into build/atlas/
	$(PYTHON) -m steerlens.atlas build/atlas $(LIMIT)

chaos: .venv/installed  ## an atlas, killed ten times at random moments, must be that of an undisturbed run
	OMP_NUM_THREADS=1 TQDM_DISABLE=1 $(PYTHON) tests/chaos.py

checkpoints: .venv/installed  ## train the classifiers and the networks of lessons 10 and 12 again
	$(PYTHON) -m steerlens.classifiers.models
	$(PYTHON) -m steerlens_lessons.l10_linear.networks
	$(PYTHON) -m steerlens_lessons.l10_linear.trained
	env -u STEERLENS_DATA $(PYTHON) -m steerlens_lessons.l10_linear.trained
	$(PYTHON) -m steerlens_lessons.l10_linear.depth
	env -u STEERLENS_DATA $(PYTHON) -m steerlens_lessons.l10_linear.depth
	$(PYTHON) -m steerlens_lessons.l12_questions.networks

tables: .venv/installed  ## measure the tables of lessons 06 to 16 again (needs the real data; six hours)
	$(PYTHON) -m steerlens_lessons.l08_confidence.make_table
	$(PYTHON) -m steerlens_lessons.l09_maco.table
	$(PYTHON) -m steerlens_lessons.l10_linear.votes
	$(PYTHON) -m steerlens_lessons.l11_your_model.changed
	$(PYTHON) -m steerlens_lessons.l13_atlas.table
	$(PYTHON) -m steerlens_lessons.l14_channels.classes
	$(PYTHON) -m steerlens_lessons.l14_channels.units
	$(PYTHON) -m steerlens_lessons.l14_channels.own
	$(PYTHON) -m steerlens_lessons.l15_tokens.table
	$(PYTHON) -m steerlens_lessons.l16_concepts.table
	env -u STEERLENS_DATA $(PYTHON) -m steerlens_lessons.l16_concepts.table
	STEERLENS_TABLES=all $(PYTHON) notebooks/site/execution.py build/tables/lessons
	env -u STEERLENS_DATA STEERLENS_TABLES=all $(PYTHON) notebooks/site/execution.py build/tables/lessons

picture: .venv/installed  ## make the README's and the explorer's picture again (needs the real data)
	$(PYTHON) notebooks/site/picture.py

write: .venv/installed  ## badges, set-up cells and links of the lessons, and the README's table
	$(PYTHON) notebooks/site/series.py write

refresh: write  ## run the lessons in place, to be committed (needs the real data)
	$(PYTHON) notebooks/site/execution.py in-place
	$(PYTHON) notebooks/site/equations.py write
	$(PYTHON) notebooks/site/features.py write

format: .venv/installed  ## format code and lessons
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

constraints: .venv/bin/uv  ## choose the versions of constraints.txt again
	$(UV) compile --quiet --universal --python-version 3.10 --all-extras --upgrade --no-annotate \
	  --custom-compile-command "make constraints" --output-file constraints.txt pyproject.toml

clean:  ## remove .venv, build and caches
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis

.venv/bin/uv:
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet uv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/uv
	$(UV) install --editable '.[notebooks,test]' --constraints constraints.txt
	touch $@

.venv/benchmark: .venv/installed
	$(UV) install --editable '.[benchmark]' --constraints constraints.txt
	touch $@
