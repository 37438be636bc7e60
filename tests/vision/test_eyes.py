from edged import config
from edged.vision.detector import open_detector
from edged.vision.eyes import tracking_for


async def tracking_with(model, tmp_path):
    async with open_detector(config.Detector(model=model, threads=1), tmp_path) as detector:
        return detector.score, tracking_for(detector)


async def test_a_model_that_says_what_carries_a_track_on_begins_one_at_its_score(tmp_path):
    score, tracking = await tracking_with("edged-person", tmp_path)
    assert tracking.new_score == score > tracking.high_score > tracking.low_score > 0


async def test_with_a_model_that_does_not_say_a_track_begins_above_its_score(tmp_path):
    score, tracking = await tracking_with("opencv-hog", tmp_path)
    assert tracking.new_score > score == tracking.high_score
