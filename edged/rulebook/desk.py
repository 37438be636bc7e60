"""Answers what is asked about rules. Everything about a rule is checked before any of it is written down."""

from datetime import UTC, datetime, tzinfo

import msgspec

from edged import config, ruling
from edged import questions as q
from edged.asking import CameraRecord, RuleRecord
from edged.bus.facts import Facts
from edged.bus.link import Answer, Delivery, Refused
from edged.bus.tables import Table
from edged.rulebook.book import Rulebook
from edged.rulebook.trying import tried
from edged.rules import AlertRule
from edged.subjects import Address

_question = msgspec.json.Decoder(q.RuleQuestion)
_encode = msgspec.json.Encoder().encode


class Desk:
    """`zone` is the box's own, for rules that name none."""

    def __init__(
        self, book: Rulebook, settings: config.Config, cameras: Table[CameraRecord], facts: Facts, zone: tzinfo
    ) -> None:
        self._book = book
        self._settings = settings
        self._cameras = cameras
        self._facts = facts
        self._zone = zone

    async def answer(self, request: Delivery) -> Answer:
        """Raises Refused for what cannot be answered."""
        try:
            asked = _question.decode(request.data)
        except msgspec.MsgspecError as error:
            raise Refused("invalid", f"not a question about rules: {error}") from None
        return _encode(await self._answered(asked)), {}

    async def _answered(self, asked: q.RuleQuestion) -> msgspec.Struct:
        match asked:
            case q.Rules():
                found = [self._book.find(asked.of)] if asked.of else self._book.all().items()
                cameras = await self._read_cameras()
                return q.RulesAnswer(rules=[self._known(key, record, cameras) for key, record in found])
            case q.SetRule():
                cameras = await self._read_cameras()
                self._check(asked.rule, cameras, *self._book.box_of(asked.of))
                key = await self._book.put(asked.of, asked.rule, asked.new)
                return q.RulesAnswer(rules=[self._known(*self._book.find(key), cameras)])
            case q.DropRule():
                await self._book.drop(asked.of)
                return q.RulesAnswer(rules=[])
            case q.TryRule():
                return await self._tried(asked)

    async def _tried(self, asked: q.TryRule) -> q.TryAnswer:
        if asked.rule is None:
            _, record = self._book.find(asked.of)
        else:
            self._check(asked.rule, await self._read_cameras())
            record = RuleRecord(rule=asked.rule, since=datetime.now(UTC))
        return await tried(self._facts, record, asked.hours, self._settings.aliases, self._zone)

    def _check(self, rule: AlertRule, cameras: ruling.Cameras, site: str = "", node: str = "") -> None:
        """Raises Refused."""
        if fault := self._fault(rule, cameras, site, node):
            raise Refused("invalid", f"rule {rule.name}: {fault}")

    def _known(self, key: str, record: RuleRecord, cameras: ruling.Cameras) -> q.KnownRule:
        fault = self._fault(record.rule, cameras, record.site, record.node)
        return q.KnownRule(**msgspec.structs.asdict(record), key=key, fault=fault)

    def _fault(self, rule: AlertRule, cameras: ruling.Cameras, site: str, node: str) -> str:
        mine = {at: one for at, one in cameras.items() if site in ("", at.site) and node in ("", at.node)}
        return ruling.fault(rule) or ruling.misfit(rule, mine, self._settings.counters, self._settings.aliases)

    async def _read_cameras(self) -> ruling.Cameras:
        records = (await self._cameras.all()).values()
        return {Address(record.site, record.node, record.camera.id): record.camera for record in records}
