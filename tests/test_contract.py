import json

import jsonschema
import msgspec
import pytest

from edged import messages, shipped, subjects
from edged.contract import generate
from edged.contract.examples import EXAMPLES


def test_proto_is_what_the_code_says() -> None:
    folder = shipped.path("proto")
    committed = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert committed == generate.files(), "run: edged schema --wire proto"


def test_every_message_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(subjects.KINDS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_examples_validate_and_come_back_the_same(example: messages.AnyMessage) -> None:
    encoded = msgspec.json.encode(example)
    jsonschema.validate(json.loads(encoded), generate.schema(), cls=jsonschema.Draft202012Validator)
    assert msgspec.json.decode(encoded, type=messages.AnyMessage) == example


def test_a_wrong_message_does_not_validate() -> None:
    wrong = msgspec.to_builtins(EXAMPLES[0]) | {"tracks": [{"id": "seven"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, generate.schema(), cls=jsonschema.Draft202012Validator)


def test_asyncapi_points_only_at_what_it_holds() -> None:
    document = generate.asyncapi()
    text = json.dumps(document)
    for ref in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        here = document
        for step in ref.split("/"):
            here = here[step]
