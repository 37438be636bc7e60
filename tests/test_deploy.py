import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from edged.config import Config

ROOT = Path(__file__).parent.parent
SYSTEMD = ROOT / "deploy" / "systemd"
BALENA = ROOT / "deploy" / "balena"


@pytest.fixture
def systemd_analyze() -> str:
    if not (found := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not installed")
    return found


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Our unit with a program that is there, since systemd looks for it."""
    copy = tmp_path / "edged.service"
    text = (SYSTEMD / "edged.service").read_text()
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    return copy


def test_systemd_finds_nothing_wrong_with_the_unit(systemd_analyze: str, unit: Path):
    done = subprocess.run([systemd_analyze, "verify", unit], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "edged.service" in line]
    assert (done.returncode, ours) == (0, [])


def test_systemd_calls_the_unit_well_protected(systemd_analyze: str, unit: Path):
    # 0 is a unit that may do nothing, 10 one that may do everything; 2 is systemd's own bound for "OK".
    command = [systemd_analyze, "security", "--offline=true", "--threshold=20", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze can't judge a file")
    assert done.returncode == 0, done.stdout.splitlines()[-1:]


def test_the_unit_is_supervised_by_progress():
    keys = settings(SYSTEMD / "edged.service")
    assert keys["Type"] == "notify"
    assert int(keys["WatchdogSec"]) > 0
    assert keys["Restart"] == "on-failure"


def test_the_unit_keeps_state_apart_from_a_user_that_does_not_stay():
    keys = settings(SYSTEMD / "edged.service")
    assert keys["DynamicUser"] == "yes"
    assert keys["StateDirectory"] == "edged"


def test_the_units_program_and_file_are_those_its_readme_installs():
    program, *_, file = settings(SYSTEMD / "edged.service")["ExecStart"].split()
    readme = (SYSTEMD / "README.md").read_text()
    assert f"python3 -m venv {Path(program).parent.parent}" in readme
    assert f"edged.toml {file}" in readme


def test_the_images_configuration_is_one_of_ours():
    assert '"${EDGED_API_KEY}"' in (BALENA / "edged.toml").read_text()
    config = image_config()
    assert config.gateway.host == "0.0.0.0"
    assert config.auth.api_key


def test_the_images_state_lies_on_the_volume():
    compose = (BALENA / "docker-compose.yml").read_text()
    volume, _, mounted = re.search(r"^ +- (\w+):(/\S+)$", compose, re.MULTILINE).group(0).strip(" -").partition(":")
    assert re.search(rf"^volumes:\n  {volume}: ", compose, re.MULTILINE)
    assert image_config().state_dir.startswith(mounted + "/")


def test_what_compose_and_the_image_take_from_the_checkout_is_in_it():
    compose = (BALENA / "docker-compose.yml").read_text()
    dockerfile = ROOT / re.search(r"dockerfile: (\S+)", compose)[1]
    assert dockerfile.is_file()
    for copied in re.findall(r"install -m 644 (\S+)", dockerfile.read_text()):
        assert (ROOT / copied).is_file()


@pytest.mark.parametrize("document", [SYSTEMD / "README.md", BALENA / "README.md"], ids=["systemd", "balena"])
def test_files_that_a_readme_names_are_there(document: Path):
    named = set(re.findall(r"deploy/[\w./-]+\w", document.read_text()))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def image_config() -> Config:
    """As it is on a device, where its variables are set."""
    text = re.sub(r"\$\{\w+\}", "set", (BALENA / "edged.toml").read_text())
    return msgspec.toml.decode(text, type=Config)


def settings(unit: Path) -> dict[str, str]:
    """The unit's keys; of one that is given several times, the last."""
    lines = (line.partition("=") for line in unit.read_text().splitlines() if re.match(r"[A-Za-z]+=", line))
    return {key: value for key, _, value in lines}
