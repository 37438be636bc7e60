import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from edged import rules, settings, shipped
from edged.config import Config


def written(folder: Path, text: str) -> Path:
    path = folder / "edged.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('time_zone = "Europe/Berlino"', "time_zone: there is no time zone 'Europe/Berlino'"),
        ('time_zone = "../../etc/passwd"', "time_zone: there is no time zone"),
        ('[email]\nhost = "mail"', "email.sender: is missing"),
        ('[email]\nhost = "mail"\nsender = "a@b"', "email.to: is missing"),
        ('[s3]\nbucket = "shop"', "s3.access_key: is missing"),
        ('[s3]\nbucket = "shop"\naccess_key = "a"', "s3.secret_key: is missing"),
        ('[s3]\nendpoint = "https://user:secret@s3.lan"', r"s3\.endpoint: expected str matching"),
        ('[email]\nsubject = "{mesage}"', "email.subject: 'mesage' cannot be filled in: known are {severity}"),
        (
            '[[alerts]]\nname = "a"\ntime_zone = "Mars/Base"',
            r"alerts\[0\]\.time_zone: there is no time zone 'Mars/Base'",
        ),
        ('[[alerts]]\nname = "a"\nmin_tme = 1', r"'alerts\[0\].min_tme': did you mean 'min_time'"),
        ('[[alerts]]\nname = "a"\nwhen = {type = "offline"}', r"alerts\[0\]\.min_time: is missing"),
        ('[[alerts]]\nname = "a"\nwhen = {type = "line", lin = "b"}', r"alerts\[0\]\.when: .*lin"),
        ('[[webhooks]]\nname = "a"\nurl = "ftp://x/"', r"webhooks\[0\]\.url"),
        ("[gatway]\nport = 1", "unknown key 'gatway': did you mean 'gateway'"),
        ("[gateway]\nprot = 1", "unknown key 'gateway.prot': did you mean 'port'"),
        (
            '[[cameras]]\nid = "a"\nurl = "x"\nmotion = {treshold = 3}',
            r"'cameras\[0\].motion.treshold': did you mean 't",
        ),
        (
            '[[cameras]]\nid = "a"\nurl = "x"\nfilters = {person = {scroe = 3}}',
            r"filters.person.scroe': did you mean 's",
        ),
        ('[[cameras]]\nid = "a"\nurl = "x"\nfps = "fast"', r"cameras\[0\]\.fps: expected float, got str"),
        ('[[cameras]]\nid = "a b"\nurl = "x"', r"cameras\[0\]\.id: expected str matching"),
        ('[[cameras]]\nid = "a"', r"cameras\[0\]: missing required field url"),
        ('[[cameras]]\nid = "a"\nurl = "x"\n[[cameras]]\nid = "a"\nurl = "y"', r"cameras\[1\]: 'a' is used twice"),
        ('[auth]\napi_key = "${NOT_SET_ANYWHERE}"', "auth.api_key: the environment has no NOT_SET_ANYWHERE"),
        ("site = [", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(settings.SettingsError, match=complaint) as error:
        settings.load(written(tmp_path, text), environ={})
    assert "edged.toml" in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="nowhere.toml"):
        settings.load(tmp_path / "nowhere.toml")


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, '[auth]\napi_key = "${KEY}-x"')
    assert settings.load(path, environ={"KEY": "s3cret"}).auth.api_key == "s3cret-x"


def test_relative_paths_are_meant_from_the_files_folder(tmp_path: Path) -> None:
    path = written(tmp_path, 'state_dir = "st"\n[[cameras]]\nid = "a"\nurl = "clip.mp4"')
    loaded = settings.load(path)
    assert loaded.cameras[0].url == str(tmp_path / "clip.mp4")
    assert settings.state_dir(loaded) == tmp_path / "st"


def test_sources_become_cameras() -> None:
    cameras = settings.from_sources(["rtsp://127.0.0.1/a", "/x.mp4"]).cameras
    assert [(camera.id, camera.url) for camera in cameras] == [("cam1", "rtsp://127.0.0.1/a"), ("cam2", "/x.mp4")]


def test_the_manual_is_the_default_configuration() -> None:
    raw = tomllib.loads(shipped.path("edged.toml").read_text())
    assert settings.decode(raw, {}) == Config()


def test_the_manual_shows_every_kind_of_rule_and_each_is_right() -> None:
    shown = re.findall(r"^# +(?:when = |# )(\{ type = .*? \})(?:  #.*)?$", shipped.path("edged.toml").read_text(), re.M)
    shown += re.findall(r"^when = (.*)$", (Path(__file__).parent.parent / "docs" / "alerts.md").read_text(), re.M)
    for when in shown:
        lasts = "min_time = 5" if "stay" in when or "offline" in when else ""
        settings.decode(tomllib.loads(f'[[alerts]]\nname = "a"\n{lasts}\nwhen = {when}'), {})
    kinds = {str(kind.__struct_config__.tag) for kind in rules.Trigger.__args__}
    assert {kind for kind in kinds if any(f'type = "{kind}"' in when for when in shown)} == kinds


def test_the_manual_names_every_key_of_a_rule() -> None:
    text = shipped.path("edged.toml").read_text() + (Path(__file__).parent.parent / "docs" / "alerts.md").read_text()
    for part in (rules.AlertRule, rules.Hours, *rules.Trigger.__args__):
        for field in msgspec.structs.fields(part):
            assert field.encode_name in text, f"neither edged.toml nor docs/alerts.md explains {field.encode_name!r}"


def test_the_manual_names_every_key() -> None:
    text = shipped.path("edged.toml").read_text()
    for part in (Config, *(field.type for field in msgspec.structs.fields(Config) if isinstance(field.type, type))):
        for field in msgspec.structs.fields(part) if issubclass(part, msgspec.Struct) else ():
            assert field.encode_name in text, f"edged.toml does not explain {field.encode_name!r}"
