import json
from pathlib import Path

import numpy as np
import pytest

from models.train.gather import labels
from models.train.gather.trees import Folder, SourceError
from tests.train.repositories import source


@pytest.fixture
def tree(tmp_path: Path):
    def made(files: dict[str, str]) -> Folder:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return Folder(tmp_path, "")

    return made


def test_yolo_boxes_and_polygons_of_people(tree):
    files = tree({
        "data.yaml": "nc: 3\nnames: ['helmet', 'Person', \"worker\"]\nroboflow: x",
        "train/labels/1.txt": "1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.1 0.1\n\n2 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n",
        "valid/labels/1.txt": "",
    })  # fmt: skip
    read = labels.reader(source(labels="yolo", persons=("person", "worker"), classes_file="data.yaml"), files)
    np.testing.assert_allclose(read.read("train/images/1.jpg").people, [[0.4, 0.3, 0.6, 0.7], [0.1, 0.2, 0.3, 0.6]])
    assert len(read.read("valid/images/1.jpg").people) == 0
    assert read.read("train/images/2.jpg") is None
    assert read.files("train/images/1.jpg") == ["train/labels/1.txt"]


def test_yolo_lines_that_are_no_numbers_are_an_error(tree):
    read = labels.reader(source(labels="yolo", persons=("0",)), tree({"labels/1.txt": "0 a b c d"}))
    with pytest.raises(ValueError, match="'a'"):
        read.read("images/1.jpg")


def test_a_class_that_is_not_there_is_said_with_those_that_are(tree):
    files = tree({"classes.txt": "helmet\nvest\n"})
    with pytest.raises(SourceError, match=r"no class person; it has helmet, vest"):
        labels.reader(source(labels="yolo", persons=("person",), classes_file="classes.txt"), files)


@pytest.mark.parametrize("text", [
    "path: .\nnames: [cat, 'person']\nnc: 2\n",
    "names:\n  0: cat\n  1: person\nnc: 2\n",
    "nc: 2\nnames:\n- cat\n- 'person'\ntrain: x\n",
    "names: {1: 'person', 0: 'cat'}\n",
    "cat\nperson\n",
])  # fmt: skip
def test_class_names_are_read_however_they_are_written(text: str):
    assert labels.class_names(text) == ["cat", "person"]


VOC = """<annotation><size><width>{width}</width><height>100</height></size>
<object><name>Person</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>60</xmax><ymax>90</ymax></bndbox></object>
<object><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>"""


def test_voc_boxes_of_people(tree):
    read = labels.reader(source(labels="voc", persons=("person",)), tree({"Annotations/a.xml": VOC.format(width=200)}))
    said = read.read("JPEGImages/a.jpg")
    np.testing.assert_allclose(said.people, [[0.1, 0.1, 0.3, 0.9]])
    assert said.fits(400, 200)
    assert not said.fits(200, 400)


@pytest.mark.parametrize("text", ["<annotation>", VOC.format(width=0)])
def test_voc_that_makes_no_sense_is_an_error(tree, text: str):
    read = labels.reader(source(labels="voc", persons=("person",)), tree({"a.xml": text}))
    with pytest.raises(ValueError, match=r"element|size"):
        read.read("a.jpg")


def test_coco_boxes_of_people_and_crowds(tree):
    whole = {
        "categories": [{"id": 3, "name": "person"}, {"id": 4, "name": "car"}],
        "images": [{"id": 7, "file_name": "x/a.jpg", "width": 200, "height": 100}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [20, 10, 40, 80], "iscrowd": 0},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 200, 50], "iscrowd": 1},
            {"image_id": 7, "category_id": 4, "bbox": [0, 0, 9, 9]},
        ],
    }
    files = tree({"train/ann.json": json.dumps(whole)})
    said = labels.reader(source(labels="coco", labels_file="train/ann.json", persons=("person",)), files).read(
        "train/a.jpg"
    )
    np.testing.assert_allclose(said.people, [[0.1, 0.1, 0.3, 0.9]])
    np.testing.assert_allclose(said.crowds, [[0, 0, 1, 0.5]])


def test_a_labels_file_that_is_not_there_is_said(tree):
    with pytest.raises(SourceError, match=r"there is no ann\.json"):
        labels.reader(source(labels="coco", labels_file="ann.json", persons=("person",)), tree({}))


def test_roboflow_csv_boxes_of_people_out_of_the_nearest_file(tree):
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    files = tree({
        "train/_annotations.csv": head + "a.jpg,200,100,person,20,10,60,90\na.jpg,200,100,dog,0,0,9,9\n",
        "test/_annotations.csv": head + "a.jpg,200,100,dog,0,0,9,9\n",
    })  # fmt: skip
    read = labels.reader(source(labels="roboflow-csv", persons=("person",)), files)
    np.testing.assert_allclose(read.read("train/a.jpg").people, [[0.1, 0.1, 0.3, 0.9]])
    assert len(read.read("test/a.jpg").people) == 0
    assert read.read("test/b.jpg") is None
