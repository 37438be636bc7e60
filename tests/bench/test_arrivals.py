"""The figures come from a daemon looked at from outside."""

from bench.arrivals.__main__ import measured


async def test_a_fact_is_followed_into_sqlite_and_an_alert_to_a_websocket() -> None:
    found = {row.name: row for row in await measured(seconds=2.0)}
    assert found.keys() == {
        f"{what}: {part}"
        for what in ("fact to its row in SQLite", "alert to a WebSocket of the gateway")
        for part in ("p50", "p99")
    }
    assert all(row.value > 0 for row in found.values())
    assert [row.target for row in found.values()] == [None, 100.0, None, 100.0]
