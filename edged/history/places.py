"""Where something was seen or judged: the different values that the first columns of an index have."""

import sqlite3
from collections.abc import Sequence

from edged.questions import Where


def distinct(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """In order, none of them empty; the index goes on with `time`. It leaps from one to the next, where SELECT DISTINCT would read every row.

    https://sqlite.org/rowvalue.html
    """
    names = ", ".join(columns)
    query = f"SELECT {names} FROM {table} WHERE ({names}, time) > ({'?, ' * len(columns)}{2**62}) ORDER BY {names}, time LIMIT 1"
    found: list[tuple[str, ...]] = []
    while row := db.execute(query, found[-1] if found else ("",) * len(columns)).fetchone():
        found.append(row)
    return found


def meant(asked: Where, site: str, node: str, camera: str) -> bool:
    """Whether the question is about this camera."""
    named = asked.camera.split(".") if asked.camera else []
    return (
        named == [site, node, camera][max(0, 3 - len(named)) :]
        and asked.site in ("", site)
        and asked.node in ("", node)
    )
