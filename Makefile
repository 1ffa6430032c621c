# make book | test | check | execute [NB=path] | experiments [NAME=x] | serve | bench | stills | address URL=... [SITE=...] | format | clean
PYTHON ?= python3
VENV   ?= .venv
NB     ?=
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
# One process a core, four at most, and one thread a process: more threads only wait for each other.
ALONE  := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
# Trainings end differently on other processors. PROCESSOR=avx2 or sse computes as one without newer instructions does.
AVX2   := ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 OPENBLAS_CORETYPE=Haswell NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL" XLA_FLAGS=--xla_cpu_max_isa=AVX2
SSE    := MKL_CBWR=COMPATIBLE OPENBLAS_CORETYPE=Nehalem NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL X86_V3" XLA_FLAGS=--xla_cpu_max_isa=SSE4_2
LIKE   := $(if $(filter avx2,$(PROCESSOR)),$(AVX2))$(if $(filter sse,$(PROCESSOR)),$(SSE))
PYTEST := $(LIKE) $(ALONE) $(VENV)/bin/pytest -n logical --maxprocesses 4 --dist loadfile
# In the order given, and with limits so wide that a busy machine fails nothing.
NBVAL  := $(PYTEST) --no-loadscope-reorder -p no:cacheprovider --nbval --nbval-current-env \
	--nbval-sanitize-with scripts/nbval_sanitize.cfg --nbval-cell-timeout 3000 --nbval-kernel-startup-timeout 600
export TF_CPP_MIN_LOG_LEVEL = 3

.PHONY: help env book test check lint unit tests notebooks changed browser execute experiments serve bench stills address format clean

help:
	@echo "make book          build the book from the stored outputs into _build/html"
	@echo "make test          everything that CI checks"
	@echo "make check         before a commit: lint, unit tests, the notebooks that differ from main"
	@echo "make execute       run all notebooks again and store their outputs (one: NB=path)"
	@echo "make experiments   run the recorded experiments again (one: NAME=name)"
	@echo "make serve         build the book and serve it on http://localhost:8000"
	@echo "make bench         speed and memory beside the frameworks; writes a page of the book"
	@echo "make stills        make the data and the pictures of the figures that answer"
	@echo "make address       set the repository's address everywhere (URL=https://...; the book's: SITE=https://...)"
	@echo "make format        format the code, notebooks too"
	@echo "make clean         remove what was built, and the environment"

env: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python {v[0]}.{v[1]} is not supported: use 3.11, 3.12 or 3.13, as in: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make environments: install its venv module (Debian and Ubuntu: the package python3-venv)."; exit 1; }
	@echo "Installing the pinned versions into $(VENV) (a few minutes, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[torch,tensorflow,data,notebooks,language,series,crf,export,jax,serving,book,test]"
	@touch $(STAMP)

book: $(STAMP)
	@$(VENV)/bin/jupyter-book build . -W -n --keep-going --quiet
	@echo "The book is built: open _build/html/index.html"

serve: book
	@echo "Serving the book on http://localhost:8000 (stop with Ctrl+C)"
	@$(PY) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

test: $(STAMP)
	@$(MAKE) --no-print-directory --keep-going lint tests notebooks

check: unit changed

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

unit: lint
	$(PYTEST) -m "not gpu and not browser"

tests: $(STAMP) browser
	$(PYTEST) -m "not gpu"

notebooks: $(STAMP)
	paths=$$($(PY) scripts/nbval_paths.py) && $(NBVAL) $$paths

changed: $(STAMP)
	@paths=$$($(PY) scripts/nbval_paths.py --changed) && \
	if [ -z "$$paths" ]; then echo "No notebook differs from main."; else $(NBVAL) $$paths; fi

browser: $(STAMP)
	@$(PY) scripts/browser.py >/dev/null || true

execute: $(STAMP)
	@$(PY) scripts/notebooks.py execute $(NB)

experiments: $(STAMP)
	@$(PY) scripts/experiments.py $(NAME)

bench: $(STAMP)
	@$(PY) benchmarks/bench.py
	@$(PY) benchmarks/figures.py

stills: $(STAMP) browser
	@$(PY) scripts/stills.py $(NAME)

address:
	@test -n "$(URL)" || { echo "Say which: make address URL=https://github.com/you/your-repository"; exit 1; }
	@$(MAKE) --no-print-directory env
	@$(PY) scripts/notebooks.py address $(URL) $(SITE)

format: $(STAMP)
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

clean:
	rm -rf _build $(VENV) .browser .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
