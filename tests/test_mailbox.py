import asyncio
import threading

from edged.mailbox import Inbox, Latest


def latest():
    return Latest[int](asyncio.get_running_loop())


async def test_the_newest_item_wins_and_the_others_are_counted():
    slot = latest()
    for item in range(5):
        slot.put(item)
    assert await slot.get() == 4
    assert slot.replaced == 4
    assert slot.take() is None


async def test_whoever_waits_is_woken_from_another_thread():
    slot = latest()
    waiting = asyncio.create_task(slot.get())
    await asyncio.sleep(0)
    thread = threading.Thread(target=slot.put, args=(7,))
    thread.start()
    assert await waiting == 7
    thread.join()


async def test_ready_leaves_the_item_so_that_a_newer_one_may_replace_it():
    slot = latest()
    slot.put(1)
    await slot.ready()
    assert slot.peek() == 1
    slot.put(2)
    assert slot.take() == 2
    assert slot.peek() is None


async def test_skipping_throws_away_that_item_and_never_a_newer_one():
    slot = latest()
    old, new = 10_001, 10_002
    slot.put(old)
    slot.skip(old)
    assert slot.peek() is None
    slot.put(new)
    slot.skip(old)
    assert slot.peek() == new
    assert slot.replaced == 1


async def test_a_reader_who_was_cancelled_can_wait_again():
    slot = latest()
    waiting = asyncio.create_task(slot.ready())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    slot.put(3)
    assert await slot.get() == 3


async def test_from_a_busy_thread_every_item_is_read_or_counted_and_order_holds():
    slot, items = latest(), 20_000
    thread = threading.Thread(target=lambda: [slot.put(item) for item in range(items)])
    thread.start()
    read = []
    while not read or read[-1] != items - 1:
        read.append(await slot.get())
    thread.join()
    assert read == sorted(read)
    assert len(read) + slot.replaced == items


async def test_a_full_inbox_drops_the_oldest_and_counts_it():
    inbox = Inbox[int](2)
    for item in range(5):
        inbox.put(item)
    assert [await inbox.get(), await inbox.get()] == [3, 4]
    assert inbox.dropped == 3
    assert len(inbox) == 0


async def test_an_empty_inbox_waits_for_the_next():
    inbox = Inbox[int](2)
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put(1)
    assert await waiting == 1
