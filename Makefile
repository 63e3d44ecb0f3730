# make book · make test · make help lists the rest. Needs Python 3.11 or newer, git and make.

PROFILE ?= ci
JOBS ?= 2
PORT ?= 8000
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/installed
CONSTRAINTS ?= constraints.txt
PIP_INSTALL := $(PYTHON) -m pip install -qq --disable-pip-version-check $(CONSTRAINTS:%=--constraint %)

.DEFAULT_GOAL := help
.PHONY: help book pages pdf serve lab test test-html test-gpu test-colab bench lint format links strip sync pins clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: $(INSTALLED) ## execute the notebooks (PROFILE=ci, cpu or gpu), build the pages, say where they are
	@$(PYTHON) tools/build.py --profile $(PROFILE)

pages: book ## open every built page in a browser and print what it weighs, cuts and takes (minutes)
	@$(PYTHON) -m tools.pages

pdf: book ## print a chapter with its solutions (CHAPTER=ch02_gan)
	@$(PYTHON) -m tools.pages.pdf $(CHAPTER)

serve: $(INSTALLED) ## serve the built pages at http://127.0.0.1:PORT
	@test -f _build/html/index.html || $(MAKE) --no-print-directory book
	@echo "http://127.0.0.1:$(PORT)/ (Ctrl-C ends it)"
	@$(PYTHON) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(INSTALLED) ## open the chapters in JupyterLab
	@test -x $(VENV)/bin/jupyter-lab || $(PIP_INSTALL) jupyterlab
	@$(VENV)/bin/jupyter-lab --notebook-dir book

test: export GENTUTOR_PROFILE = ci
test: export OMP_NUM_THREADS = 1
test: $(INSTALLED) ## everything: unit tests, doctests, notebooks, exercises, pages
	@$(PYTHON) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST)

test-html: $(INSTALLED) ## only the tests of the built pages
	@OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q tests/book $(PYTEST)

test-gpu: $(INSTALLED) ## the tests that need a GPU, which make test leaves out
	@$(PYTHON) -m pytest -q -m gpu tests $(PYTEST)

test-colab: $(INSTALLED) ## run the notebooks as Colab would, from the wheel (minutes; NOTEBOOKS=book/... for some)
	@$(PYTHON) -m tools.colab $(NOTEBOOKS)

bench: $(INSTALLED) ## compare speeds with plain PyTorch and the usual tutorial (some minutes)
	@OMP_NUM_THREADS=1 $(PYTHON) -m benchmarks

lint: $(INSTALLED) ## check style and types
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy

format: $(INSTALLED) ## put code and notebooks into the common format
	@$(PYTHON) -m ruff check --fix . && $(PYTHON) -m ruff format .

links: book ## ask every address in the book whether it still answers (needs the network)
	@$(PYTHON) -c "from jupyter_book.cli.main import main; main()" build . --builder linkcheck --path-output build

strip: $(INSTALLED) ## remove the outputs from the notebooks
	@$(PYTHON) -m nbstripout $$(git ls-files "book/*.ipynb")

sync: $(INSTALLED) ## copy the repository's address from _config.yml to where a copy is needed
	@$(PYTHON) -m tools.sync

pins: $(INSTALLED) ## write constraints.txt from the installed versions
	@$(PYTHON) tools/pins.py

clean: ## remove everything built (not .venv)
	@rm -rf _build build .mypy_cache .pytest_cache .ruff_cache

$(INSTALLED): pyproject.toml constraints.txt
	@python=; for name in python3 python3.13 python3.12 python3.11 python; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	test -n "$$python" || { echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; }; \
	test -x $(PYTHON) || $$python -m venv $(VENV)
	@echo "installing into $(VENV) (PyTorch is large; once only) ..."
	@$(PIP_INSTALL) --editable ".[book,test]"
	@touch $@
