import pytest

from edged.camera import decoders
from edged.camera.faults import CameraFault


def test_software_asked_for_is_software():
    choice = decoders.choose("h264", "software")
    assert choice.name == "software"
    assert choice.hwaccel() is None
    assert "asked for" in str(choice)


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg", "gif"])
def test_every_fact_has_a_reason_and_the_choice_follows_from_them(codec):
    facts = decoders.facts(codec)
    assert len(facts) >= 4
    assert all(fact.reason for fact in facts)
    working = [fact.name for fact in facts if fact.works]
    assert decoders.choose(codec, "auto").name == (working[0] if working else "software")


def test_hardware_demanded_where_there_is_none_is_a_fault():
    if any(fact.works for fact in decoders.facts("gif")):
        pytest.skip("this machine decodes GIF in hardware")
    with pytest.raises(CameraFault, match="auto") as fault:
        decoders.choose("gif", "hardware")
    assert fault.value.cause == "device"
