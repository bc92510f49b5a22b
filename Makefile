# What a person types. Each target sets up what it needs on a fresh machine first.
PYTHON ?= python3
export PYTHON
SUITE ?= trixie
MINUTES ?= 60
BIN = .venv/bin

.PHONY: .pi help demo develop test test-deploy test-pi shell-pi test-mpd24 fuzz soak lint bench bench-songs \
	bench-queue bench-sound bench-arm64 simulation lock clean

help:
	@echo 'make demo          watch the box on this computer (make demo CAMERA=images:FOLDER)'
	@echo 'make test          all tests'
	@echo 'make test-deploy   deploy.sh against a small Debian in a container; as root (SUITE=bookworm, else trixie)'
	@echo 'make test-pi       the whole box on an emulated Pi; as root, an hour (SUITE=trixie)'
	@echo 'make shell-pi      an emulated Pi to look around on, gone when you leave it; as root (SUITE=bookworm)'
	@echo 'make test-mpd24    the tests of the box against MPD 0.24, if your own is older'
	@echo 'make fuzz          100,000 inputs each for the control socket and the settings; some minutes'
	@echo 'make soak          presses a box at random for an hour: does it grow? (make soak MINUTES=5)'
	@echo 'make lint          ruff and mypy'
	@echo 'make bench         times and memory on this machine'
	@echo 'make bench-songs   a library of 50,000 songs: from nothing known to a choice'
	@echo 'make bench-queue   what a press costs where others have a queue of 12,000 songs'
	@echo 'make bench-sound   what listening to a song takes, and the order by energy (make bench-sound FOLDER=...)'
	@echo 'make bench-arm64   what a frame costs a Pi 4, in instructions (make bench-arm64 ARGS=MODEL.tflite)'
	@echo 'make simulation    what learning brings, with simulated listeners'
	@echo 'make develop       .venv with the box, the converter and the tools'

demo: .venv/.demo
	@script/need mpd command -v mpd
	@$(BIN)/moodbox demo $(if $(CAMERA),--camera '$(CAMERA)')

develop: .venv/.develop

test: .venv/.develop
	@script/need mpd command -v mpd
	@script/need strace command -v strace
	@script/need systemd command -v systemd-analyze
	$(BIN)/pytest -n auto $(ARGS)

test-deploy: .venv/.develop
	@script/need systemd-container command -v systemd-nspawn
	@script/need openssh-client command -v ssh
	@script/need netcat-openbsd command -v nc
	@script/machine $(SUITE)
	SUITE=$(SUITE) $(BIN)/pytest -m machine $(ARGS)

test-pi: .pi
	SUITE=$(SUITE) $(BIN)/pytest -m pi --durations=0 -rP $(ARGS)

shell-pi: .pi
	@$(BIN)/python -m tests.pi.shell $(SUITE)

# In .pi/SUITE: made once, which takes ten minutes.
.pi: .venv/.develop
	@script/need qemu-system-arm command -v qemu-system-aarch64
	@script/need device-tree-compiler command -v fdtput
	@script/need openssh-client command -v ssh
	@script/pi $(SUITE)

test-mpd24: .venv/.develop
	@script/mpd24
	@script/need strace command -v strace
	MOODBOX_MPD=$(CURDIR)/.mpd24/mpd $(BIN)/pytest -n auto tests/device $(ARGS)

fuzz: .venv/.develop
	$(BIN)/pytest -n auto -m fuzz --hypothesis-profile=fuzz $(ARGS)

soak: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(ARGS)

lint: .venv/.develop
	@script/need shellcheck command -v shellcheck
	shellcheck deploy/*.sh script/machine script/mpd24 script/pi tests/pi/image/customize
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy deploy/box deploy/release.py

bench: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench $(ARGS)
	@script/bench || true # without it, only the package fer is not timed
	@$(BIN)/python -m tests.bench_eyes
	@echo
	@script/arm64 && $(BIN)/python -m tests.arm64 || true # without it, only these are not counted

bench-songs: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench_songs $(ARGS)

bench-queue: .venv/.develop
	@script/need mpd command -v mpd
	@$(BIN)/python -m tests.bench_queue $(ARGS)

bench-sound: .venv/.develop
	@$(BIN)/python -m tests.bench_sound $(if $(FOLDER),'$(FOLDER)')

simulation: .venv/.develop
	@$(BIN)/python -m tests.simulation $(ARGS)

bench-arm64: .venv/.demo
	@script/arm64
	@$(BIN)/python -m tests.arm64 $(ARGS)

docs/demo.svg: .venv/.develop
	@$(BIN)/python -c 'from pathlib import Path; from device.demo.show import draw; draw(Path("$@"))'

lock:
	script/lock

clean:
	rm -rf .venv .bench .arm64 .machine .mpd24 .pi .deploy build

.venv/.demo: lock/demo.txt pyproject.toml
	@test -e .venv/.develop || script/venv demo
	@touch $@

.venv/.develop: lock/develop.txt pyproject.toml
	@script/venv develop
	@touch $@
