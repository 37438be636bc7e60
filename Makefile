# A fresh Debian, Ubuntu or Raspberry Pi OS with python3, git and make is enough: each target gets what it lacks, once.
#
#   make demo                    three cameras on real clips, and the viewer's address
#   make demo SOURCE=rtsp://…    your own camera
#   make test                    the whole test suite
#   make bench [ARGS=--quick]    the figures of the README, on this machine
#   make soak                    a million facts through 200 times kill -9: a quarter of an hour
#   make eval-person [MODELS=…]  how good detectors are, YOLOX-nano and HOG beside them
#   make train-person            makes the person detector anew; goes on where it was stopped: docs/person.md
#   make check                   what must be clean before a change goes in
#   make format                  formats the sources
#   make clean                   removes what the above made; the bench's results stay

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := demo
.PHONY: demo test bench soak eval-person train-person check format clean system-demo system-test system-venv

VENV := .venv
PYTHON := $(VENV)/bin/python
export PATH := $(PATH):/usr/local/sbin:/usr/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Debian takes ensurepip out of Python; asked for here too, so that who is not root has but one line to type.
VENV_PACKAGE = $(if $(wildcard $(VENV)/.made),,'python3-venv=python3 -c "import ensurepip"')
GSTREAMER := python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad

# What models/train learns from and is measured on, and where it keeps its state.
PICTURES := ../shared/train
DATA := ../shared/data
MODELS := edged-person edged-person-640
TRAINING := .venv-train
WORK := models/train/work
FIRST_WEIGHTS := $(PICTURES)/reference/owndet_ema.pt
STEPS := 7700
HALF := 3500
TRAINER := nice $(TRAINING)/bin/python -m models.train --pictures '$(PICTURES)' --work $(WORK)

# One line for each package on its way; pip's own words only when something fails. The lock makes `make -j` safe.
define install
	@echo "Installing $(1)"
	flock $(@D)/.lock $(@D)/bin/python -m pip install --progress-bar off $(2) \
	  | sed -unE 's/^ *(Downloading|Using cached) ([A-Za-z0-9_.]+)-.*\((.*)\)$$/  \2 (\3)/p'
	touch $@
endef

demo: system-demo $(VENV)/.edged
ifdef SOURCE
	@exec $(PYTHON) -m edged run --source '$(subst ','\'',$(value SOURCE))'
else
	@$(PYTHON) -m demo.clips
	exec $(PYTHON) -m edged run --config demo/edged.toml
endif

test: system-test $(VENV)/.edged $(VENV)/.group-test
	@exec $(PYTHON) -m pytest -n 3 --dist loadfile $(ARGS)

bench: system-demo $(VENV)/.edged $(VENV)/.group-bench
	@exec $(PYTHON) -m bench $(ARGS)

soak: system-demo $(VENV)/.edged $(VENV)/.group-test $(VENV)/.group-bench
	@exec $(PYTHON) -m bench.durability $(ARGS)

eval-person: system-venv $(VENV)/.edged
	@exec $(PYTHON) -m models.train --pictures '$(PICTURES)' eval --data '$(DATA)' $(MODELS)

train-person: $(WORK)/person.pt
	@$(TRAINER) export --weights $< --data '$(DATA)' --into models
	$(TRAINER) eval --data '$(DATA)' $(MODELS)

$(WORK)/gathered/labels.json: | system-venv $(TRAINING)/.group-train
	@$(TRAINING)/bin/python -m demo.clips
	$(TRAINER) gather --teacher '$(DATA)/models/yolox_nano.onnx' --evaluation '$(DATA)' demo/media || test -s $@

# From the weights of the first trial, with what they take for people; half-way with what the network takes for people by then.
# Stopped at any time, it goes on from $(WORK)/training.pt.
$(WORK)/half.pt: | $(WORK)/gathered/labels.json
	@test -f $(WORK)/hard.pickle || $(TRAINER) mine --weights '$(FIRST_WEIGHTS)'
	$(TRAINER) fit --start '$(FIRST_WEIGHTS)' --steps $(STEPS) --until $(HALF)
	$(TRAINER) mine --weights $@

$(WORK)/person.pt: $(WORK)/half.pt
	@$(TRAINER) fit --start '$(FIRST_WEIGHTS)' --steps $(STEPS)

check: $(VENV)/.edged $(VENV)/.group-test $(VENV)/.group-check
	@$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

format: $(VENV)/.group-check
	@$(PYTHON) -m ruff check --fix --exit-zero .
	$(PYTHON) -m ruff format .

clean:
	rm -rf $(VENV) $(TRAINING) demo/media demo/state bench/media .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system-demo:
	@tools/need.sh 'nats-server=command -v nats-server' $(VENV_PACKAGE)

system-venv:
	@tools/need.sh $(VENV_PACKAGE)

system-test:
	@tools/need.sh 'nats-server=command -v nats-server' $(VENV_PACKAGE) 'chromium=command -v chromium' 'janus=command -v janus' 'poppler-utils=command -v pdftotext' libfaketime $(GSTREAMER)

$(VENV)/.made: tools/venv.sh
	@tools/venv.sh $(VENV)
	touch $@

$(TRAINING)/.made: tools/venv.sh
	@tools/venv.sh $(TRAINING)
	touch $@

$(TRAINING)/.group-train: pyproject.toml | $(TRAINING)/.made
	$(call install,what training needs (some 3 GB; docs/person.md says how to do with less),--editable . --group train)

$(VENV)/.edged: pyproject.toml | $(VENV)/.made
	$(call install,edged and what it runs on (about 200 MB),--editable .)

$(VENV)/.group-%: pyproject.toml | $(VENV)/.made
	$(call install,the $* tools,--group $*)
