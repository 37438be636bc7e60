import hashlib
import socket

import pytest

from edged.vision import downloads, models
from edged.vision.cards import Card, Input, Output
from edged.vision.tensors import ModelError
from tests.vision.web import serving

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site():
    with serving() as site:
        site.files["/net.onnx"] = CONTENT
        yield site


def card(source, sha256=SHA256):
    return Card(
        name="net",
        title="",
        licence="",
        runtime="onnx",
        file="net.onnx",
        source=source,
        sha256=sha256,
        labels=("person",),
        input=Input(width=416, height=416, layout="nchw", colour="bgr"),
        output=Output(layout="yolox"),
    )


def silent(have, total):
    pass


def test_a_file_arrives_whole_and_its_progress_is_told(site, tmp_path):
    seen = []
    file = downloads.pull(card(site.url + "/net.onnx"), tmp_path / "new", lambda *step: seen.append(step))
    assert file.read_bytes() == CONTENT
    assert (seen[0], seen[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))
    assert [path.name for path in file.parent.iterdir()] == ["net.onnx"]


def test_a_broken_download_goes_on_where_it_broke_off(site, tmp_path):
    site.break_after = 100_000
    with pytest.raises(ModelError, match="it goes on from there"):
        downloads.pull(card(site.url + "/net.onnx"), tmp_path, silent)
    assert not (tmp_path / "net.onnx").exists()
    site.break_after = None
    assert downloads.pull(card(site.url + "/net.onnx"), tmp_path, silent).read_bytes() == CONTENT
    assert site.asked == ["", "bytes=100000-"]


def test_a_server_without_ranges_is_asked_for_all_of_it(site, tmp_path):
    site.ranges = False
    (tmp_path / "net.onnx.part").write_bytes(CONTENT[:5000])
    assert downloads.pull(card(site.url + "/net.onnx"), tmp_path, silent).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(site, tmp_path):
    (tmp_path / "net.onnx.part").write_bytes(CONTENT + b"more")
    assert downloads.pull(card(site.url + "/net.onnx"), tmp_path, silent).read_bytes() == CONTENT
    assert site.asked[-1] == ""


def test_a_file_of_another_hash_is_refused_and_deleted(site, tmp_path):
    site.files["/net.onnx"] = CONTENT[::-1]
    with pytest.raises(ModelError, match="model net: refused, SHA-256 is"):
        downloads.pull(card(site.url + "/net.onnx"), tmp_path, silent)
    assert list(tmp_path.iterdir()) == []


def test_a_card_without_a_hash_takes_it_at_first_download_and_holds_to_it(site, tmp_path):
    trusting = card(site.url + "/net.onnx", "")
    file = downloads.pull(trusting, tmp_path, silent)
    assert models.recorded(file) == hashlib.sha256(CONTENT).hexdigest()
    site.files["/net.onnx"] = b"another file"
    with pytest.raises(ModelError, match=r"the first download \(net\.onnx\.sha256\)"):
        downloads.pull(trusting, tmp_path, silent)
    assert file.read_bytes() == CONTENT


def test_what_the_server_refuses_is_said(site, tmp_path):
    with pytest.raises(ModelError, match="answered 404 Not Found"):
        downloads.pull(card(site.url + "/gone"), tmp_path, silent)


def test_a_server_that_is_not_there_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ModelError, match=r"can't fetch http://127\.0\.0\.1:"):
        downloads.pull(card(f"http://127.0.0.1:{port}/net.onnx"), tmp_path, silent)


def test_a_card_without_a_source_says_where_to_put_the_file(tmp_path):
    with pytest.raises(ModelError, match=r"has no source; put net\.onnx into"):
        downloads.pull(card(""), tmp_path, silent)


def test_a_folder_that_can_not_be_made_is_named(site, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="can't write"):
        downloads.pull(card(site.url + "/net.onnx"), tmp_path / "file", silent)


def test_an_abandoned_download_keeps_what_it_has(site, tmp_path):
    class EnoughError(Exception):
        pass

    def until_half(have, total):
        if have > total / 2:
            raise EnoughError

    with pytest.raises(EnoughError):
        downloads.pull(card(site.url + "/net.onnx"), tmp_path, until_half)
    downloads.pull(card(site.url + "/net.onnx"), tmp_path, silent)
    assert int(site.asked[-1].removeprefix("bytes=").rstrip("-")) > len(CONTENT) / 2
