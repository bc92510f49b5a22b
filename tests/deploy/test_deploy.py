"""deploy.sh against a real machine: what a deploy does, and what the box does when a deploy fails."""

from __future__ import annotations

import os
import re
import signal

import pytest

from tests.deploy.conftest import MUSIC
from tests.deploy.machine import DROP_INS, REPOSITORY, Machine, Source, eventually

pytestmark = pytest.mark.machine

# But for what the box itself writes: what it learns, and what it has heard in a song by then.
CHANGED_FILES = (
    "find /opt /etc /usr/local /var/lib/moodbox -newer /tmp/mark -type f "
    "! -name 'moodbox.db*' ! -name 'songs.db*' 2>/dev/null"
)
SLEEP = "        import time; time.sleep(3600)\n"
RUN = "    def run(self) -> int:\n"
LOOK = "        self._observer.start()\n        while"
MODEL = "def _model(settings: Settings) -> str:\n"
REPORT_LIMITS = """    import os
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    limits = [f"{{name}} {{' '.join(status[name].split())}};" for name in {names}]
    raise MoodboxError(f"read-only {{bool(os.statvfs('/').f_flag & os.ST_RDONLY)}}; {{' '.join(limits)}}")
"""
LOCK_APT = """sudo systemd-run --quiet --unit=busy python3 -c '
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(600)'"""


def test_a_dry_run_changes_nothing_on_a_machine_without_moodbox(bare: Machine, source: Source) -> None:
    bare.run("touch /tmp/mark")
    output = source.deploy(bare, "--dry-run", "box")
    assert "would install with apt: python3-venv python3-systemd mpd mpc polkitd" in output
    assert re.search(r"would check \S+, switch from nothing to it", output)
    assert bare.run(CHANGED_FILES, check=False) == ""
    assert bare.run("ls /opt") == ""


def test_status_and_remove_need_an_installed_moodbox(bare: Machine, source: Source) -> None:
    assert "there is no moodbox on this machine" in source.deploy(bare, "--status", "box", code=10)
    assert "there is no moodbox on this machine" in source.deploy(bare, "--remove", "box", code=10)


def test_a_user_without_sudo_gets_one_line(bare: Machine, source: Source) -> None:
    output = source.deploy(bare, "guest@box", code=3)
    assert output.splitlines()[1:] == [
        "moodbox: guest@box: your user cannot use sudo without a password there; log in as a user who can"
    ]


def test_a_machine_of_32_bits_is_refused_in_one_line(bare: Machine, source: Source) -> None:
    key = (bare.root / "home/guest/.ssh/authorized_keys").read_text()
    bare.allow("guest", f'command="setarch i686 sh -c \\"$SSH_ORIGINAL_COMMAND\\"" {key}')
    output = source.deploy(bare, "guest@box", code=4)
    bare.allow("guest", key)
    assert output.splitlines()[1].startswith(
        "moodbox: guest@box is i686: moodbox runs on 64 bit ARM and x86-64"
    )
    assert len(output.splitlines()) == 2


def test_one_command_installs_a_box_and_reports_what_is_still_to_fix(bare: Machine, source: Source) -> None:
    output = source.deploy(bare)
    assert re.search(r"healthy: the box runs \S+; still to fix: camera, library, panel$", output.strip())
    assert bare.status()["state"] in ("trouble", "starting", "looking")
    assert bare.run("systemctl is-active moodbox; systemctl is-enabled moodbox").split() == [
        "active",
        "enabled",
    ]


def test_a_deploy_configures_mpd_to_listen_to_this_machine_only(bare: Machine, source: Source) -> None:
    if not bare.release():
        source.deploy(bare)
    assert bare.run("cat /etc/mpd.conf") == (REPOSITORY / "deploy" / "mpd.conf").read_text()
    tcp = bare.run("sudo cat /proc/net/tcp /proc/net/tcp6")
    assert set(re.findall(r" (\w+):19C8 \w+:0000 0A ", tcp)) == {"0100007F"}  # port 6600, on 127.0.0.1
    assert "ok   player    MPD (protocol " in bare.run("sudo moodbox check", check=False)


def test_a_second_deploy_with_nothing_new_changes_nothing_and_reports_it(
    machine: Machine, source: Source
) -> None:
    source.deploy(machine)
    machine.run("sleep 1; touch /tmp/mark")
    before = machine.main_pid()
    assert "nothing new" in source.deploy(machine)
    assert machine.run(CHANGED_FILES, check=False) == ""
    assert machine.main_pid() == before


def test_the_owners_settings_stay_and_new_keys_are_reported(machine: Machine, source: Source) -> None:
    settings = (machine.root / "etc/moodbox/moodbox.toml").read_text()
    source.set_version("new")
    source.change("deploy/moodbox.toml", "settle = 0.5", "settle = 0.5\n# Nothing yet.\nfocus = 1.0")
    source.change("device/config/settings.py", "    settle: ", "    focus: float = 1.0\n    settle: ")
    output = source.deploy(machine)
    assert "keeping /etc/moodbox/moodbox.toml" in output
    assert "keeping /etc/mpd.conf, which somebody has changed" in output
    assert re.findall(r"a new setting: (\S+)", output) == ["camera.focus"]
    assert (machine.root / "etc/moodbox/moodbox.toml").read_text() == settings
    assert machine.status()["version"].startswith("new")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (RUN, RUN + "        1 / 0\n", "systemd had to restart it; it did not become ready"),
        (RUN, RUN + SLEEP, "it did not become ready"),
        (LOOK, SLEEP + LOOK, "does not answer"),
    ],
    ids=["crashes when it starts", "is never ready", "hangs once it is ready"],
)
def test_an_unhealthy_release_is_replaced_by_the_previous_one(
    machine: Machine, source: Source, old: str, new: str, reason: str
) -> None:
    before = machine.release()
    source.set_version("bad")
    source.change("device/box/box.py", old, new)
    output = source.deploy(machine, code=8)
    last = output.splitlines()[-1]
    assert reason in last
    assert f"{before} runs again" in last
    assert "  | " in output  # the log's last lines
    assert machine.release() == before
    eventually(lambda: machine.status().get("playing") == "play", 60)
    assert not [name for name in machine.run("ls /opt/moodbox/releases").split() if name.startswith("bad")]


def test_a_release_whose_check_fails_is_never_switched_to(machine: Machine, source: Source) -> None:
    before, pid = machine.release(), machine.main_pid()
    source.set_version("bad")
    model = source.folder / "models" / "mood3.tflite"
    model.write_bytes(model.read_bytes()[:1000])
    output = source.deploy(machine, code=8)
    assert "`moodbox check` fails: model: " in output.splitlines()[-1]
    assert (machine.release(), machine.main_pid()) == (before, pid)


def test_the_check_of_a_release_runs_under_the_limits_of_the_running_service(
    machine: Machine, source: Source
) -> None:
    """The release's check ends with a fault that names the limits of its own process."""
    names = ("NoNewPrivs", "Seccomp", "CapBnd", "CapEff", "Uid")
    running = dict(
        line.split(":", 1) for line in machine.run(f"cat /proc/{machine.main_pid()}/status").splitlines()
    )
    source.set_version("bad")
    source.change("device/cli/check.py", MODEL, MODEL + REPORT_LIMITS.format(names=names))
    last = source.deploy(machine, code=8).splitlines()[-1]
    assert "read-only True" in last
    for name in names:
        assert f"{name} {' '.join(running[name].split())};" in last
    assert int(running["Seccomp"]) == 2  # the service itself is in its sandbox


@pytest.mark.parametrize("power", [False, True], ids=["the workstation stops", "the box loses power"])
@pytest.mark.parametrize("step", ["sending the", "virtual environment", "checking the", "switching to"])
def test_a_deploy_can_be_cut_off_at_any_step(
    machine: Machine, source: Source, step: str, power: bool
) -> None:
    source.set_version("cut")
    if step == "virtual environment":
        source.ask_for_other_packages()
    process = source.start(machine, "box")
    assert process.stdout is not None
    for line in process.stdout:
        if step in line:
            break
    else:
        pytest.fail(f"deploy.sh did not print {step!r}")
    if power:
        machine.stop()
        os.killpg(process.pid, signal.SIGKILL)
        machine.boot()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    eventually(lambda: machine.status().get("trouble") == {}, 60)
    eventually(machine.deploy_has_ended, 120)
    source.deploy(machine)
    assert machine.release().startswith("cut")
    assert machine.status()["trouble"] == {}
    kept = set(machine.run("ls /opt/moodbox/releases").split())
    assert kept == machine.proven()
    used = machine.run("basename -a $(readlink /opt/moodbox/releases/*/environment)").split()
    assert set(machine.run("ls /opt/moodbox/environments").split()) == set(used)
    assert machine.run("ls -d /opt/moodbox/incoming.*", check=False) == ""


def test_an_unproven_release_that_fails_after_a_power_cut_goes_back_by_itself(
    machine: Machine, source: Source
) -> None:
    before = machine.release()
    source.set_version("bad")
    source.change("device/box/box.py", RUN, RUN + "        1 / 0\n")
    process = source.start(machine, "box")
    assert process.stdout is not None
    next(line for line in process.stdout if "switching to" in line)
    eventually(lambda: machine.release().startswith("bad"), 10)
    machine.stop()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    quick = machine.root / DROP_INS / "quick.conf"
    # With the real pauses the test would take minutes.
    quick.write_text("[Service]\nRestartSec=100ms\nRestartSteps=0\n")
    machine.boot()
    eventually(lambda: machine.release() == before, 60)
    eventually(lambda: machine.status().get("playing") == "play", 60)
    eventually(machine.deploy_has_ended, 60)
    quick.unlink()
    machine.run("sudo systemctl daemon-reload")


def test_a_second_deploy_at_the_same_time_is_refused(machine: Machine, source: Source) -> None:
    source.set_version("one")
    first = source.start(machine, "box")
    assert first.stdout is not None
    next(line for line in first.stdout if "checking the" in line)
    assert "another deploy is running" in source.deploy(machine, "--rollback", "box", code=9)
    first.communicate(timeout=300)
    assert first.returncode == 0
    assert machine.release().startswith("one")


def test_rollback_goes_back_one_release_and_three_are_kept(machine: Machine, source: Source) -> None:
    order = [machine.release()]
    for version in ("a", "b", "c"):
        source.set_version(version)
        source.deploy(machine)
        order.append(machine.release())
    assert machine.proven() == set(order[-3:])
    source.deploy(machine, "--rollback", "box")
    assert machine.release() == order[-2]
    source.deploy(machine, "--rollback", "box")
    assert machine.release() == order[-3]
    output = source.deploy(machine, "--rollback", "box", code=10)
    assert output.splitlines()[-1] == "moodbox: there is no earlier release on this box"
    assert "is already there" in source.deploy(machine)
    assert machine.release() == order[-1]
    output = source.deploy(machine, "--status", "box")
    assert f"runs       {order[-1]}" in output
    assert f"kept       {order[-2]}" in output


def test_a_busy_apt_is_reported_in_one_line(machine: Machine, source: Source) -> None:
    source.set_version("apt")
    machine.run("sudo dpkg --remove --force-depends python3-systemd")
    machine.run(LOCK_APT)
    output = source.deploy(machine, code=6)
    assert output.splitlines()[-1].startswith("moodbox: apt is busy on the box")
    machine.run("sudo systemctl stop busy")
    source.deploy(machine)


def test_a_full_disk_is_reported_before_anything_is_sent(machine: Machine, source: Source) -> None:
    source.set_version("full")
    machine.run("sudo mount -t tmpfs -o size=100m tmpfs /opt")
    try:
        output = source.deploy(machine, code=5)
    finally:
        machine.run("sudo umount /opt")
    assert re.search(r"box has \d+ MB free for /opt and a deploy needs \d+", output.splitlines()[-1])
    assert len(output.splitlines()) == 3


def test_remove_deletes_everything_but_the_owners_files(machine: Machine, source: Source) -> None:
    source.deploy(machine, "--remove", "box")
    assert machine.state() == "inactive"
    deleted = "/opt/moodbox /usr/local/bin/moodbox /etc/systemd/system/moodbox.service"
    assert machine.run(f"ls -d {deleted} 2>/dev/null", check=False) == ""
    assert machine.run("cat /etc/moodbox/moodbox.toml").startswith("# written by the owner")
    assert "moodbox.db" in machine.run("sudo ls /var/lib/moodbox")
    assert machine.run("cat /etc/mpd.conf") == MUSIC
    assert (
        machine.run(
            "sudo find /etc/polkit-1/rules.d /etc/systemd/system -name 'mpd.socket.d*' -o -name '*.rules'"
        )
        == ""
    )


def test_remove_restores_debians_mpd_configuration_if_only_deploys_changed_it(
    furnished: Machine, source: Source
) -> None:
    """Also without a sound card: a fault of the environment is reported, but does not stop the deploy."""
    furnished.run("sudo cp /etc/mpd.conf.before-moodbox /etc/mpd.conf; sudo systemctl stop mpd")
    assert "configuring MPD" in source.deploy(furnished)
    eventually(lambda: "Failed to open" in furnished.status()["trouble"].get("player", ""), 60)
    source.set_version("next")
    source.change("deploy/mpd.conf", 'name "speaker"', 'name "horn"')
    assert re.search("still to fix: .*player", source.deploy(furnished))
    assert 'name "horn"' in furnished.run("cat /etc/mpd.conf")
    source.deploy(furnished, "--remove", "box")
    assert furnished.run("dpkg --verify mpd", check=False) == ""
    assert "00000000" in furnished.run("sudo cat /proc/net/tcp /proc/net/tcp6 | grep :19C8")
    (furnished.root / "etc/mpd.conf").write_text(MUSIC)
    furnished.run("sudo systemctl stop mpd")
