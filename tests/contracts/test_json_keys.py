"""A name that is twice in one object of a JSON text is found, however it is written."""

import orjson
import pytest

from services.contracts.json_keys import repeated_key


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'{"a":1,"a":2}', "a"),
        (b'{"a" : 1, "a"\t:2}', "a"),
        (b'{"caf\\u00e9":1,"caf\xc3\xa9":2}', "café"),
        (b'{"x":[{"b":1},{"b":1,"c":{"d":1,"d":1}}]}', "d"),
        (b'{"":1,"":2}', ""),
        (b'{"a":{"a":1},"b":[{"a":1}]}', None),
        (b'{"a":"\\"a\\":1","b":"c\\" :"}', None),
        (b"[1,2]", None),
        (b'{"a":1,"a"', None),
        (b"[" * 100_000, None),
    ],
)
def test_a_repeated_name_is_found(text: bytes, name: str | None) -> None:
    assert repeated_key(text) == name


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":2}', b'{"a" :1 , "a" :2}', b'{"a"\n:1,"\\u0061":2}', b'{"a":[1,2],"a":[3]}']
)
def test_the_number_of_names_that_a_reader_took_hides_none(text: bytes) -> None:
    assert repeated_key(text, len(orjson.loads(text))) == "a"
    assert repeated_key(b'{"x":' + text + b"}", 1) == "a"


@pytest.mark.parametrize("text", [b"{}", b'{"a":1}', b'{"a":1,"b":"x"}', b'{"a":",,","b":[1,2,{"a":1}]}'])
def test_a_text_without_repetition_passes_with_it_and_without(text: bytes) -> None:
    assert repeated_key(text, len(orjson.loads(text))) is repeated_key(text) is None
