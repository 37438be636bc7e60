import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import cv2
import numpy as np
import pytest

from edged import config
from edged import messages as m
from edged.bus.jobs import Jobs
from edged.bus.link import connect
from edged.bus.streams import ensure_streams
from edged.node.crops import Crops, around
from edged.recognition.ppe import ByColour, person_in
from edged.scene.looks import Taken
from edged.subjects import Address
from edged.vision.tracker import Tracked
from tests import frames
from tests.rigs import people
from tests.rigs.nats import NatsServer

FRONT = Address("home", "edge", "front")


async def test_a_person_in_a_frame_is_a_job_that_shows_that_person(nats_server: NatsServer) -> None:
    picture = np.full((800, 1280, 3), 150, np.uint8)
    picture[200:600, 500:700] = people.person(people.RED, people.LIME)[:, :, ::-1]
    x1, y1, x2, y2 = people.PERSON
    box = ((500 + 200 * x1) / 1280, (200 + 400 * y1) / 800, (500 + 200 * x2) / 1280, (200 + 400 * y2) / 800)
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        with ThreadPoolExecutor(1) as threads:
            crops = Crops(FRONT, Jobs(link), threads)
            working = asyncio.create_task(crops.run())
            tracked = Tracked(7, 0, 0.9, box, 0.0, 0.0)
            crops.put(frames.of_rgb(picture, seq=3), Taken(tracked, 0), "person", ("helmet", "vest"))
            async with asyncio.timeout(20), aclosing(Jobs(link).take(m.CropTaken)) as jobs:
                job = await anext(jobs)
            working.cancel()
    assert job.crop.id == "edge.front.test.7.0.ppe.3"
    assert job.crop.items == ("helmet", "vest")
    shown = cv2.imdecode(np.frombuffer(job.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[:2] == (job.crop.height, job.crop.width)
    across, down = 1280 * (box[2] - box[0]), 800 * (box[3] - box[1])
    assert (job.crop.width, job.crop.height) == pytest.approx((1.16 * across, 1.16 * down), abs=3), "full resolution"
    left, top, right, bottom = person_in(job.crop)
    assert ((right - left) * job.crop.width, (bottom - top) * job.crop.height) == pytest.approx((across, down), abs=1)
    assert await ByColour().look(job.crop, job.jpeg) == {"helmet": "ok", "vest": "ok"}


async def test_while_the_broker_is_away_crops_are_given_up_and_go_on_afterwards(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        with ThreadPoolExecutor(1) as threads:
            crops = Crops(FRONT, Jobs(link), threads)
            frame, box = frames.with_person()
            connection = link.connections
            await nats_server.stop()
            working = asyncio.create_task(crops.run())
            for seq in range(3):
                crops.put(frame, Taken(Tracked(seq, 0, 0.9, box, 0.0, 0.0), 0), "person", ("helmet",))
            await nats_server.start()
            await link.connection_after(connection)
            crops.put(frame, Taken(Tracked(9, 0, 0.9, box, 0.0, 0.0), 0), "person", ("helmet",))
            async with asyncio.timeout(20), aclosing(Jobs(link).take(m.CropTaken)) as jobs:
                async for job in jobs:
                    await job.done()
                    if job.crop.track == 9:
                        break
            assert not working.done()
            working.cancel()


def test_the_margin_ends_at_the_picture() -> None:
    assert around((0.4, 0.4, 0.1, 0.2)) == pytest.approx((0.392, 0.384, 0.116, 0.232))
    assert around((0.0, 0.0, 1.0, 1.0)) == (0.0, 0.0, 1.0, 1.0)


async def test_somebody_to_be_recognised_is_a_job_of_its_own_at_full_resolution(nats_server: NatsServer) -> None:
    frame, box = frames.with_person(2560, 1440)
    async with connect(nats_server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        with ThreadPoolExecutor(1) as threads:
            crops = Crops(FRONT, Jobs(link), threads)
            working = asyncio.create_task(crops.run())
            crops.put_person(frame, Tracked(7, 0, 0.9, box, 0.0, 0.0), "person", body=True)
            async with asyncio.timeout(20), aclosing(Jobs(link).take(m.PersonTaken)) as jobs:
                job = await anext(jobs)
            working.cancel()
    assert (job.crop.id, job.crop.track, job.crop.label, job.crop.body) == (
        "edge.front.test.7.person.0",
        7,
        "person",
        True,
    )
    shown = cv2.imdecode(np.frombuffer(job.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[:2] == (job.crop.height, job.crop.width)
    assert job.crop.width == pytest.approx(1.16 * 2560 * (box[2] - box[0]), abs=4), "full resolution"


def test_a_track_that_is_a_face_gets_more_room() -> None:
    assert around((0.4, 0.4, 0.1, 0.1), 0.6) == pytest.approx((0.34, 0.34, 0.22, 0.22))
