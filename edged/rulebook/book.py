"""The rules of alerts: which there are, where they are kept, who said so last."""

import asyncio
import hashlib
import re
from datetime import UTC, datetime

import msgspec
import structlog

from edged import config
from edged.asking import RuleRecord
from edged.bus.link import BusError, Refused
from edged.bus.tables import Table
from edged.rules import AlertRule

log = structlog.get_logger()

MOST = 512
_NAME = re.compile(r"([A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64}\.)?[A-Za-z0-9_-]{1,64}")


class Rulebook:
    """Every box's rules, as the table has them; `run()` follows it. `changed` is set whenever some did.

    The key is the name, or `site.node.name` for a rule of one box, which hides one of the same name that is for all.
    """

    def __init__(self, settings: config.Config, table: Table[RuleRecord]) -> None:
        self.changed = asyncio.Event()
        self._settings = settings
        self._table = table
        self._records: dict[str, RuleRecord] = {}
        self._writing = asyncio.Lock()

    async def begin(self) -> None:
        """Takes over what edged.toml says: whichever was edited last wins. Raises BusError."""
        self._records = await self._table.all()
        site, node = self._settings.site, self._settings.node
        declared = {f"{site}.{node}.{rule.name}": rule for rule in self._settings.alerts}
        for key, record in list(self._records.items()):
            if (record.site, record.node, record.origin) == (site, node, "file") and key not in declared:
                await self._table.delete(key)
                del self._records[key]
        for key, rule in declared.items():
            seed = hashlib.sha256(msgspec.json.encode(rule)).hexdigest()[:16]
            known = self._records.get(key)
            if known is None or known.seed != seed:
                now = datetime.now(UTC)
                await self._store(key, RuleRecord(rule=rule, since=now, site=site, node=node, origin="file", seed=seed))

    async def run(self) -> None:
        """Follows the table, for ever."""
        async for change in self._table.follow():
            if change is None:
                continue
            if change.record is None:
                self._records.pop(change.key, None)
            elif self._records.get(change.key) != change.record:
                self._records[change.key] = change.record
            else:
                continue
            self.changed.set()

    def all(self) -> dict[str, RuleRecord]:
        """By key."""
        return dict(sorted(self._records.items()))

    def of_this_box(self) -> list[RuleRecord]:
        """Those that are about its cameras."""
        site, node = self._settings.site, self._settings.node
        for_all = {key: record for key, record in self._records.items() if "." not in key}
        own = {key.rpartition(".")[2]: it for key, it in self._records.items() if (it.site, it.node) == (site, node)}
        return [record for _, record in sorted((for_all | own).items())]

    def find(self, name: str) -> tuple[str, RuleRecord]:
        """The rule called `name`, and its key. Raises Refused."""
        found = [key for key in self.all() if f".{key}".endswith(f".{name}")]
        if name in found:
            found = [name]
        if len(found) > 1:
            raise Refused("invalid", f"several rules are called {name!r}: say which, {', '.join(found)}")
        if not found:
            known = ", ".join(list(self.all())[:12]) or "none"
            raise Refused("not_found", f"there is no rule {name[:80]!r}: known are {known}")
        return found[0], self._records[found[0]]

    def box_of(self, name: str) -> tuple[str, str]:
        """Site and node of the box whose cameras the rule called so is about, or would be; empty: all of them. Raises Refused."""
        known = self._known(name)
        return (known[1].site, known[1].node) if known else _box(name)

    async def put(self, name: str, rule: AlertRule, new: bool) -> str:
        """Writes the rule down, and returns its key. What edged.toml says of it holds again when it is changed there. Raises Refused."""
        async with self._writing:
            key, known = self._place(name, rule, new)
            site, node = (known.site, known.node) if known else _box(key)
            record = RuleRecord(
                rule=rule, since=datetime.now(UTC), site=site, node=node, origin="api", seed=known.seed if known else ""
            )
            try:
                await self._store(key, record)
            except BusError as error:
                raise Refused("unavailable", f"rule {rule.name} was not saved: {error}") from None
            return key

    async def drop(self, name: str) -> None:
        """Raises Refused."""
        async with self._writing:
            key, _ = self.find(name)
            try:
                await self._table.delete(key)
            except BusError as error:
                raise Refused("unavailable", f"rule {key} was not removed: {error}") from None
            self._records.pop(key, None)
            self.changed.set()

    def _place(self, name: str, rule: AlertRule, new: bool) -> tuple[str, RuleRecord | None]:
        if name.rpartition(".")[2] != rule.name:
            raise Refused("invalid", f"name: the rule at {name!r} cannot be called {rule.name!r}: make both the same")
        if found := self._known(name):
            if new:
                raise Refused(
                    "invalid", f"name: there is a rule {found[0]} already: PUT changes it, or choose another name"
                )
            return found
        if len(self._records) >= MOST:
            raise Refused("limit", f"there are {MOST} rules, the most: remove one")
        return name, None

    def _known(self, name: str) -> tuple[str, RuleRecord] | None:
        """None for one that is not there, and could be. Raises Refused."""
        try:
            return self.find(name)
        except Refused as refusal:
            if refusal.code != "not_found":
                raise
        if not _NAME.fullmatch(name):
            raise Refused(
                "invalid", f"{name[:80]!r} is no name of a new rule: NAME is for all boxes, SITE.NODE.NAME for one"
            )
        return None

    async def _store(self, key: str, record: RuleRecord) -> None:
        await self._table.put(key, record)
        self._records[key] = record
        self.changed.set()


def _box(key: str) -> tuple[str, str]:
    site, _, node = key.rpartition(".")[0].partition(".")
    return site, node
