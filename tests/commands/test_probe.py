import argparse
import json

from edged.commands import probe


def run(*words):
    parser = argparse.ArgumentParser()
    probe.configure(parser.add_subparsers())
    args = parser.parse_args(["probe", *words])
    return args.run(args)


def test_a_stream_is_printed_in_aligned_lines(clips, capsys):
    assert run(str(clips.mp4)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "size          320x240" in lines
    assert "frames        10 per second" in lines
    assert {line[13] for line in lines} == {" "}


def test_json_is_the_report(clips, capsys):
    assert run(str(clips.avi), "--json") == 0
    assert json.loads(capsys.readouterr().out)["codec"] == "mjpeg"


def test_a_fault_is_one_line_and_exit_code_1(capsys):
    assert run("rtsp://bob:hush@no-such-camera.invalid/live") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "dns" in err
    assert "hush" not in err
