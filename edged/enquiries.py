"""What the gallery is asked over NATS (`<site>.<node>._.people`), and what it answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edged.identities import Identity, Name, Purpose, Visit, VisitState
from edged.messages import Fraction, IdentityChanged, IdentityStatus, Time, Token

Kind = Literal["face", "body"]
Sort = Literal["last_seen", "first_seen", "name"]
Order = Literal["asc", "desc"]
By = Annotated[str, Meta(min_length=1, max_length=100, description="Who wants it; it is written down.")]
Note = Annotated[str, Meta(max_length=2000)]
CameraPlace = Annotated[str, Meta(description="`id`, `node.id` or `site.node.id` of a camera that may be gone by now.")]
SAMPLES_AT_ONCE = 50


class People(Struct, frozen=True, kw_only=True, tag="people"):
    """A page of them. `statuses` empty: all but the deleted ones. `since` and `until` are when they were seen, `cameras` where."""

    statuses: tuple[IdentityStatus, ...] = ()
    q: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cameras: tuple[CameraPlace, ...] = ()
    sort: Sort = "last_seen"
    order: Order = "desc"
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: str = ""


class Person(Struct, frozen=True, kw_only=True, tag="person"):
    id: Token


class Shot(Struct, frozen=True, kw_only=True):
    """A face or figure to be kept. `vector` is float32, little endian."""

    kind: Kind
    model: str
    quality: Fraction
    vector: bytes
    jpeg: bytes
    origin: Literal["upload", "live", "seen"]
    camera: str = ""


class Enrol(Struct, frozen=True, kw_only=True, tag="enrol"):
    """A new identity. The same `id` again is the same one."""

    id: Token
    name: Name
    shot: Shot
    by: By
    note: Note = ""
    watch: bool = False
    status: Literal["known", "pending"] = "known"


class AddSample(Struct, frozen=True, kw_only=True, tag="add_sample"):
    id: Token
    sample: Token
    shot: Shot
    by: By


class Alter(Struct, frozen=True, kw_only=True, tag="alter"):
    """None: stays as it is."""

    id: Token
    by: By
    name: Name | None = None
    note: Note | None = None
    watch: bool | None = None
    status: Literal["known", "unregistered", "pending"] | None = None


class Delete(Struct, frozen=True, kw_only=True, tag="delete"):
    """The record stays, as `deleted`, and is found no more. Without `samples` its vectors and pictures stay, too, so that it can come back."""

    id: Token
    by: By
    samples: bool = True


class Merge(Struct, frozen=True, kw_only=True, tag="merge"):
    """`others` are `id`, too: their samples and sightings become its own."""

    id: Token
    others: Annotated[tuple[Token, ...], Meta(min_length=1, max_length=20)]
    by: By


class Split(Struct, frozen=True, kw_only=True, tag="split"):
    """These samples are not `id`: they become a new identity, `fresh`."""

    id: Token
    fresh: Token
    samples: Annotated[tuple[Token, ...], Meta(min_length=1, max_length=SAMPLES_AT_ONCE)]
    by: By
    name: Name = ""


class RemoveSample(Struct, frozen=True, kw_only=True, tag="remove_sample"):
    id: Token
    sample: Token
    by: By


class Erase(Struct, frozen=True, kw_only=True, tag="erase"):
    """Nothing of them is to be left anywhere."""

    id: Token
    by: By


class Reindex(Struct, frozen=True, kw_only=True, tag="reindex"):
    """Throws away what was derived, and makes it anew from what the broker has."""


class Nearest(Struct, frozen=True, kw_only=True, tag="nearest"):
    """Who is most like a vector of this model, or like the samples of `id`."""

    kind: Kind = "face"
    model: str = ""
    vector: bytes = b""
    id: str = ""
    top: Annotated[int, Meta(ge=1, le=100)] = 10


class Changes(Struct, frozen=True, kw_only=True, tag="changes"):
    """Who changed what, newest first; `after` is the `next` of the page before."""

    identity: str = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    after: str = ""


class Visits(Struct, frozen=True, kw_only=True, tag="visits"):
    """Visitors by the beginning of their window, newest first."""

    states: tuple[VisitState, ...] = ()
    q: str = ""
    id: str = ""
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class Register(Struct, frozen=True, kw_only=True, tag="register"):
    """A visit that is to come. The same `visit.id` again is the same one."""

    visit: Visit
    by: By


class AlterVisit(Struct, frozen=True, kw_only=True, tag="alter_visit"):
    """None: stays as it is. A pass that had expired and lasts longer now is what it was before."""

    id: Token
    by: By
    name: Name | None = None
    host: Name | None = None
    purpose: Purpose | None = None
    company: Name | None = None
    identity: str | None = None
    since: Time | None = None
    until: Time | None = None
    state: Literal["expected", "arrived", "left", "cancelled"] | None = None


class Unregister(Struct, frozen=True, kw_only=True, tag="unregister"):
    """Erases the visit."""

    id: Token
    by: By


Enquiry = (
    People
    | Person
    | Enrol
    | AddSample
    | Alter
    | Delete
    | Merge
    | Split
    | RemoveSample
    | Erase
    | Reindex
    | Nearest
    | Changes
    | Visits
    | Register
    | AlterVisit
    | Unregister
)


class Known(Identity, frozen=True, kw_only=True):
    """An identity, and when and where (`site.node.camera`) it was seen."""

    first_seen: Time | None = None
    last_seen: Time | None = None
    last_camera: str = ""


class PeopleAnswer(Struct, frozen=True, kw_only=True):
    """`counts` are of all, by status. `total_estimate` is exact up to a thousand, and no more than a lower bound beyond, unless nothing was filtered."""

    people: list[Known]
    next: str | None
    previous: str | None
    counts: dict[str, int]
    total_estimate: int


class Near(Struct, frozen=True, kw_only=True):
    """`score` is the cosine of the best sample, `sample` which that is."""

    identity: Known
    sample: str
    score: float


class NearestAnswer(Struct, frozen=True, kw_only=True):
    """The best first, one for each identity. `searched` is how many samples there are."""

    matches: list[Near]
    searched: int


class ChangesAnswer(Struct, frozen=True, kw_only=True):
    changes: list[IdentityChanged]
    next: str | None


class Reindexed(Struct, frozen=True, kw_only=True):
    identities: int
    samples: int
    seconds: float


class Erased(Struct, frozen=True, kw_only=True):
    """What went. Boxes in `waiting` are told when they are back: they have clips, or facts that were on their way."""

    id: str
    samples: int
    facts: int
    pictures: int
    tracks: int
    waiting: tuple[str, ...] = ()


class VisitsAnswer(Struct, frozen=True, kw_only=True):
    visits: list[Visit]
    total: int
