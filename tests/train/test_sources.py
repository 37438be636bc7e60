from pathlib import Path

from models.train.gather import sources

GOOD = """
[[source]]
set = "rooms"
repo = "owner/name"
commit = "56ae85fee82320795a40392cda34ee7a96d2663a"
images = ["*.jpg"]
licence = "CC BY 4.0"
stated = "README"
tier = "A"
shows = "nobody"
"""


def complaints(tmp_path: Path, *texts: str) -> tuple[str, ...]:
    files = [tmp_path / f"{number}.toml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    return sources.read(files).complaints


def test_tables_of_several_files_come_in_order(tmp_path: Path):
    (tmp_path / "one.toml").write_text(GOOD + GOOD.replace("rooms", "yards"))
    (tmp_path / "two.toml").write_text(GOOD.replace("rooms", "streets"))
    read = sources.read([tmp_path / "one.toml", tmp_path / "two.toml"])
    assert [source.name for source in read.sources] == ["rooms", "yards", "streets"]
    assert not read.complaints


def test_an_unknown_key_is_answered_with_the_nearest(tmp_path: Path):
    (said,) = complaints(tmp_path, GOOD + 'licnce = "x"')
    assert said.endswith("0.toml: source 1 (rooms): there is no key licnce; did you mean licence?")


def test_a_bad_table_does_not_cost_the_others(tmp_path: Path):
    (tmp_path / "a.toml").write_text(GOOD.replace('"A"', '"D"') + GOOD.replace("rooms", "yards"))
    read = sources.read([tmp_path / "a.toml", tmp_path / "gone.toml"])
    assert [source.name for source in read.sources] == ["yards"]
    bad, gone = read.complaints
    assert "tier: Invalid enum value 'D'" in bad
    assert "gone.toml: can't be read" in gone


def test_a_set_is_taken_once(tmp_path: Path):
    (said,) = complaints(tmp_path, GOOD, GOOD)
    assert "1.toml: source 1 (rooms): set: rooms is taken" in said


def test_what_would_change_by_itself_is_refused(tmp_path: Path):
    (said,) = complaints(tmp_path, "\n".join(line for line in GOOD.splitlines() if "commit" not in line))
    assert "commit: 40 hex digits" in said


def test_boxes_without_a_word_which_are_people_are_refused(tmp_path: Path):
    (said,) = complaints(tmp_path, GOOD + 'labels = "yolo"')
    assert "persons: name the classes" in said


def test_a_file_that_is_no_toml_is_named(tmp_path: Path):
    (said,) = complaints(tmp_path, "[[source]\n")
    assert "0.toml: not TOML" in said
