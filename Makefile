# The project's commands. Each target first sets up what it needs, also on a fresh machine.
PYTHON ?= python3
export PYTHON
SUITE ?= trixie
MINUTES ?= 60
BIN = .venv/bin
# Most tests wait for something, so two workers more than there are processors keep them busy.
WORKERS ?= $(shell echo $$(($$(nproc) + 2)))
# pyproject.toml gives each test ten minutes. These may take longer; an hour ends what hangs.
LONG = -o faulthandler_timeout=3600
# Which tests run in the same worker is said in tests/conftest.py.
# What makes a worker end would do so again in the next one.
PARALLEL = -n $(WORKERS) --max-worker-restart=0

.PHONY: .pi .snapcast .systemd-container help demo develop develop-jax develop-torch test test-jax test-python313 test-smoke \
	test-rooms test-deploy test-pi shell-pi test-mpd24 test-training test-window test-page test-all fuzz soak lint \
	bench bench-songs bench-queue bench-presses bench-sound bench-rooms \
	bench-arm64 simulation settings lock clean docs/demo.svg docs/window.png

help:
	@echo 'make demo            show the box on this computer (make demo CAMERA=images:FOLDER MODEL=mood7)'
	@echo 'make test            the tests that need no separate machine (make test ARGS="-k lights")'
	@echo 'make test-training   those that train networks for longer'
	@echo 'make test-python313  those of the box on Python 3.13 and numpy 2, but for what MPD does on every Python'
	@echo 'make test-jax        those of training with JAX, on two virtual devices too; it installs JAX'
	@echo 'make test-smoke      one deploy to a small Debian in a container, and a reboot; as root'
	@echo 'make test-deploy     deploy.sh against a small Debian in a container; as root (SUITE=bookworm, else trixie)'
	@echo 'make test-pi         the whole box on an emulated Pi; as root, an hour (SUITE=trixie)'
	@echo 'make shell-pi        a shell on an emulated Pi, which is deleted when you leave; as root (SUITE=bookworm)'
	@echo 'make test-rooms      two rooms play the same tone by Snapcast, in networks of their own; as root'
	@echo 'make test-window     the box'\''s page in Chromium: every button, keyboard, screen reader, bounds'
	@echo 'make test-page       a short pass over the page in Chromium, where there is one'
	@echo 'make test-mpd24      the tests of the box with MPD 0.24, if yours is older'
	@echo 'make test-all        all of these, with fuzz and soak: hours; as root. docs/testing.md says when to run which'
	@echo 'make fuzz            100,000 random inputs each for all that comes from outside, and random ends; an hour'
	@echo 'make soak            random presses for an hour: does the memory grow? (make soak MINUTES=5)'
	@echo 'make lint            shellcheck, ruff, the layers of imports, mypy'
	@echo 'make bench           time and memory on this machine'
	@echo 'make bench-songs     a library of 50,000 songs: from the first scan to a choice of songs'
	@echo 'make bench-queue     the cost of a press while others have 12,000 songs in the queue'
	@echo 'make bench-presses   does every press bring music, and how soon (make bench-presses PHOTOS=FOLDER)'
	@echo 'make bench-rooms     how far apart two rooms play the same tone; as root'
	@echo 'make bench-sound     the cost of analyzing a song, and the order by energy (make bench-sound FOLDER=...)'
	@echo 'make bench-arm64     instructions that a Pi 4 needs for a frame (make bench-arm64 ARGS=MODEL.tflite)'
	@echo 'make simulation      the effect of learning, with simulated listeners'
	@echo 'make settings        write deploy/moodbox.toml from the schema of the settings'
	@echo 'make clean           remove all that these targets have made: environments, the emulated Pi, downloads'
	@echo 'make develop         .venv with the box, the converter and the tools'
	@echo 'make develop-jax     the same and JAX, to train on accelerators; make develop-torch: PyTorch, several GB'

# The shell takes them from the environment, so that a path may have spaces, quotes and dollars.
# Small letters count, too: make would ignore them without a word.
demo: export DEMO_CAMERA := $(or $(value CAMERA),$(value camera))
demo: export DEMO_MODEL := $(or $(value MODEL),$(value model))
demo: .venv/.demo
	@script/need mpd command -v mpd
	@exec $(BIN)/moodbox demo $${DEMO_CAMERA:+--camera "$$DEMO_CAMERA"} $${DEMO_MODEL:+--model "$$DEMO_MODEL"}

develop: .venv/.develop

develop-jax develop-torch: develop-%: .venv/.develop-%

# Many tests start programs of the project, which Python would compile anew each time.
test test-python313 test-training: export PYTHONDONTWRITEBYTECODE =

test: .venv/.develop
	@script/need mpd command -v mpd
	@script/need strace command -v strace
	@script/need systemd command -v systemd-analyze
	$(BIN)/pytest $(PARALLEL) $(ARGS)

test-python313: .venv/.develop
	@script/need mpd command -v mpd
	@script/need strace command -v strace
	@script/test-python313 $(PARALLEL) --second-python tests/device tests/window tests/home tests/models $(ARGS)

test-jax: .venv/.develop-jax
	$(BIN)/pytest tests/converter/training/test_backends.py tests/converter/stages $(ARGS)

# Without `-o testpaths` these targets would load all tests, and TensorFlow, to choose a few.
# Networks as small as those of the tests keep TensorFlow's threads on one processor, so two files run at a time.
test-training: WORKERS = 2
test-training: .venv/.develop
	$(BIN)/pytest -m training -o testpaths=tests/converter $(PARALLEL) --dist loadfile $(LONG) $(ARGS)

test-smoke: .systemd-container
	SUITE=$(SUITE) $(BIN)/pytest -m smoke -o testpaths=tests/deploy -rP --durations=0 $(ARGS)

test-deploy: .systemd-container
	@script/need ansible-core command -v ansible-playbook
	SUITE=$(SUITE) $(BIN)/pytest -m machine -o testpaths=tests/deploy $(LONG) $(ARGS)

# Creates .machine/SUITE once, in less than a minute.
.systemd-container: .venv/.develop
	@script/need systemd-container command -v systemd-nspawn
	@script/need openssh-client command -v ssh
	@script/need netcat-openbsd command -v nc
	@script/machine $(SUITE)

test-pi: .pi
	SUITE=$(SUITE) $(BIN)/pytest -m pi -o testpaths=tests/pi --durations=0 -rP $(LONG) $(ARGS)

shell-pi: .pi
	@$(BIN)/python -m tests.pi.shell $(SUITE)

# Creates .pi/SUITE once, in ten minutes.
.pi: .venv/.develop
	@script/need qemu-system-arm command -v qemu-system-aarch64
	@script/need device-tree-compiler command -v fdtput
	@script/need openssh-client command -v ssh
	@script/pi $(SUITE)
	@[ $(SUITE) != trixie ] || script/pi-card $(SUITE)

# Screenshots of all pages are in .window then.
test-window: .venv/.develop
	@script/need mpd command -v mpd
	@script/need chromium command -v chromium
	$(BIN)/pytest -n 0 -m browser tests/window $(ARGS)

# Installs no browser, which would take longer than the test: `make test-window` does.
test-page: .venv/.develop
	@script/need mpd command -v mpd
	@if command -v chromium >/dev/null; then $(BIN)/pytest -n 0 -m page tests/window $(ARGS); else \
		echo 'moodbox: SKIPPED: there is no Chromium here, so the page was not tried in a browser'; fi

test-rooms: .snapcast
	$(BIN)/pytest -n 0 -m rooms tests/room $(ARGS)

bench-rooms: .snapcast
	@$(BIN)/python -m tests.room.bench

# On a box a deploy installs them; here they must not begin to play.
.snapcast: .venv/.develop
	@script/need mpd command -v mpd
	@script/need mpc command -v mpc
	@script/need iproute2 command -v ip
	@script/need snapserver command -v snapserver
	@script/need snapclient command -v snapclient

test-mpd24: .venv/.develop
	@script/mpd24
	@script/need strace command -v strace
	MOODBOX_MPD=$(CURDIR)/.mpd24/mpd $(BIN)/pytest $(PARALLEL) tests/device $(ARGS)

test-all:
	@script/make-each demo lint test test-training test-python313 test-smoke test-window test-rooms test-jax test-mpd24 fuzz soak \
		'test-deploy SUITE=trixie' 'test-deploy SUITE=bookworm' 'test-pi SUITE=trixie' 'test-pi SUITE=bookworm'

fuzz: .venv/.develop
	$(BIN)/pytest $(PARALLEL) -m fuzz --hypothesis-profile=fuzz $(LONG) $(ARGS)

soak: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(ARGS)

lint: .venv/.develop
	@script/need shellcheck command -v shellcheck
	shellcheck deploy/*.sh script/machine script/make-each script/mpd24 script/pi script/pi-card script/python313 \
		script/test-python313 script/train-on-accelerator tests/pi/image/customize
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy -n auto
	$(BIN)/mypy deploy/box deploy/release.py
	$(BIN)/mypy deploy/card.py

bench: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench $(ARGS)
	@script/bench || true # if it fails, only the package fer is not timed
	@$(BIN)/python -m tests.bench_eyes
	@echo
	@script/arm64 && $(BIN)/python -m tests.arm64 || true # if it fails, only these are not counted

bench-songs: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench_songs $(ARGS)

bench-queue: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench_queue $(ARGS)

bench-presses: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench_presses $(if $(PHOTOS),'$(PHOTOS)')

bench-sound: .venv/.develop
	@$(BIN)/python -m tests.bench_sound $(if $(FOLDER),'$(FOLDER)')

simulation: .venv/.develop
	@$(BIN)/python -m tests.simulation $(ARGS)

bench-arm64: .venv/.demo
	@script/arm64
	@$(BIN)/python -m tests.arm64 $(ARGS)

docs/demo.svg: .venv/.develop
	@$(BIN)/python -c 'from pathlib import Path; from device.demo.show import draw; draw(Path("$@"))'

docs/window.png: .venv/.develop
	@script/need mpd command -v mpd
	@script/need chromium command -v chromium
	$(BIN)/pytest -n 0 -m browser -k 'read_and_used and now' tests/window
	@$(BIN)/python -m tests.window.browser.picture .window $@

device/mpd/tone/tone.ogg: .venv/.develop device/mpd/tone/synthesis.py
	@$(BIN)/python -m device.mpd.tone.synthesis $@

settings: .venv/.develop
	$(BIN)/python -m device.config.documented >deploy/moodbox.toml
	$(BIN)/python -m device.control.table docs/scripts.md

lock:
	script/lock

# The files that say that an environment is complete come first: it may be stopped.
clean:
	rm -rf .venv/.d* .venv313/.d*
	rm -rf .venv .venv313 .bench .arm64 .machine .mpd24 .pi .deploy .window build

.venv/.demo: lock/demo.txt pyproject.toml
	@test -e .venv/.develop || script/venv demo
	@touch $@

.venv/.develop: lock/develop.txt pyproject.toml
	@script/venv develop
	@touch $@

.venv/.develop-%: lock/develop-%.txt .venv/.develop
	@script/venv develop-$*
	@touch $@
