from edged import config
from edged.vision.hardware import findings


def test_a_report_says_what_would_run_and_why(tmp_path):
    found = {finding.topic: finding for finding in findings(config.Detector(model="edged-person"), tmp_path)}
    assert found["model"] == ("model", "edged-person", "detector.model names it")
    assert "came with edged" in found["model file"].reason
    assert found["device"].answer.startswith("CPU")
    assert found["runtime"].answer == found["TFLite"].answer
    assert "CPUExecutionProvider" in found["ONNX Runtime"].reason
    assert "libedgetpu.so.1" in found["TFLite"].reason


def test_without_a_choice_it_names_the_model_that_comes_along(tmp_path):
    found = {finding.topic: finding for finding in findings(config.Detector(), tmp_path)}
    assert found["model"].answer == "edged-person"
    assert found["model file"].answer == "edged-person.tflite"


def test_a_model_that_can_not_run_is_reported_with_what_to_do(tmp_path):
    found = {finding.topic: finding for finding in findings(config.Detector(model="yolox-nano"), tmp_path)}
    assert "can't run" in found["model"].answer
    assert "edged models pull yolox-nano" in found["model"].reason
