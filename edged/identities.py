"""People as the gallery keeps them: what its tables hold.

Names stand in `edged_identities` alone, vectors in `edged_embeddings`, pictures in the object store `edged_people` under
`<identity>/<sample>.jpg`. Nothing of a person stands anywhere else, so that it can be erased.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from edged.messages import Box, Fraction, IdentityStatus, Time, Token

IDENTITIES = "edged_identities"
EMBEDDINGS = "edged_embeddings"
VISITORS = "edged_visitors"
PEOPLE = "edged_people"

Name = Annotated[str, Meta(max_length=200)]
Points = Annotated[
    tuple[tuple[float, float], ...], Meta(description="Eyes, nose, corners of the mouth; the right eye first.")
]


class Sample(Struct, frozen=True, kw_only=True):
    """One picture of a person that an embedding was made of. `camera` is `site.node.camera`, or empty for an upload."""

    id: Token
    kind: Literal["face", "body"]
    model: str
    quality: Fraction
    time: Time
    origin: Literal["upload", "live", "seen"]
    camera: str = ""
    session: str = ""
    track: int = 0


class Identity(Struct, frozen=True, kw_only=True):
    """One person. `watch`: an alert rule may ask for who is on the watch list. `merged_into` says where a deleted one went."""

    id: Token
    name: Name
    status: IdentityStatus
    created: Time
    changed: Time
    samples: tuple[Sample, ...] = ()
    watch: bool = False
    note: Annotated[str, Meta(max_length=2000)] = ""
    merged_into: str = ""


class Embedding(Struct, frozen=True, kw_only=True):
    """The vector of a sample; key `<identity>.<sample>`. `vector` is float32, little endian, of length 1 (as a norm)."""

    identity: Token
    sample: Token
    kind: Literal["face", "body"]
    model: str
    vector: bytes


class Face(Struct, frozen=True, kw_only=True):
    """A face in a picture. `box` and `points` are fractions of that picture; `reason` says why it can't be recognised by, and is empty when it can.

    `vector` is as in `Embedding`, and empty with a `reason`; `jpeg` is the face cut out, with some room around it.
    """

    box: Box
    points: Points
    score: Fraction
    quality: Fraction
    reason: str = ""
    vector: bytes = b""
    jpeg: bytes = b""


class Looked(Struct, frozen=True, kw_only=True):
    """What a recogniser saw in one crop of a person, told to the box that has the camera (`<site>.<node>._.looked`).

    The boxes of `faces` are fractions of the camera's picture. Vectors stay in memory there: no stream ever holds one.
    """

    site: Token
    node: Token
    camera: Token
    time: Time
    session: str
    track: int
    pts: int
    label: str
    model: str
    faces: tuple[Face, ...]
    body_model: str = ""
    body: bytes = b""
    jpeg: Annotated[bytes, Meta(description="The crop, when `body` was made of it.")] = b""


class Embed(Struct, frozen=True, kw_only=True):
    """Asks a recogniser (`<site>.<node>._.embed`) what faces the picture shows, which is the payload of the request."""

    max_faces: Annotated[int, Meta(ge=1, le=100)] = 20


class Embedded(Struct, frozen=True, kw_only=True):
    """Its answer, the largest face first."""

    model: str
    width: int
    height: int
    faces: tuple[Face, ...]


Purpose = Annotated[str, Meta(max_length=500)]
VisitState = Literal["expected", "arrived", "left", "expired", "cancelled"]


class Visit(Struct, frozen=True, kw_only=True):
    """A pass for a visitor, in KV `edged_visitors` by its id. `identity` is who they are in the gallery, if that is known.

    They may come from `since` until `until`. `told` names the alerts that were raised of it, so that each is raised once.
    """

    id: Token
    name: Name
    host: Name
    since: Time
    until: Time
    identity: str = ""
    purpose: Purpose = ""
    company: Name = ""
    state: VisitState = "expected"
    created: Time
    changed: Time
    arrived: Time | None = None
    left: Time | None = None
    last_seen: Time | None = None
    camera: str = ""
    told: tuple[str, ...] = ()
