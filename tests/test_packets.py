import logging
import random
import struct
from collections import Counter

import pytest

from mappings.osc.packets import (
    AT_ONCE,
    FITTING,
    HEAD,
    LONGEST,
    Bundle,
    Message,
    bundled,
    bundles,
    packet,
)

Element = bytes
MESSAGE = Message("/a", (1,))


def bundle(*elements: Element, due: float = 0.0) -> bytes:
    stamp = struct.pack(">Q", round((due + 2_208_988_800) * 2**32)) if due else AT_ONCE
    return HEAD + stamp + b"".join(struct.pack(">i", len(each)) + each for each in elements)


def raw(address: bytes, tags: bytes, arguments: bytes = b"") -> bytes:
    return b"".join(text + b"\0" * (4 - len(text) % 4) for text in (address, tags)) + arguments


def nested(depth: int) -> bytes:
    inner = packet("/a", 1)
    for _ in range(depth):
        inner = bundle(inner)
    return inner


VALID = [
    packet("/dream/amount"),
    packet("/dream/amount", 0.5),
    packet("/dream/network", "bestiary", 3, True, False, None, 2**40),
    raw(b"/d", b",dI", struct.pack(">d", 0.25)),
    bundle(packet("/a", 1), packet("/b", "two"), bundle(packet("/c", 3.0)), due=1e9),
    nested(4),
]


@pytest.mark.parametrize(
    ("tags", "data", "argument"),
    [
        (b",i", struct.pack(">i", -7), -7),
        (b",f", struct.pack(">f", 0.5), 0.5),
        (b",h", struct.pack(">q", 2**40), 2**40),
        (b",d", struct.pack(">d", 0.1), 0.1),
        (b",T", b"", True),
        (b",F", b"", False),
        (b",s", "käse".encode() + b"\0\0\0", "käse"),
        (b",N", b"", None),
        (b",I", b"", None),
    ],
)
def test_every_type_is_understood_without_a_word_in_the_log(
    tags: bytes, data: bytes, argument: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        (found,) = bundles(raw(b"/a", tags, data))
    assert found.messages == (Message("/a", (argument,)),)  # type: ignore[arg-type]  # any of them
    assert not caplog.records


def test_a_message_may_leave_its_type_tags_out() -> None:
    assert bundles(b"/a\0\0") == (Bundle(0.0, (Message("/a"),)),)


def test_what_is_built_is_read_back() -> None:
    arguments = (0.5, 3, "word", None, True)
    assert bundles(packet("/a", *arguments)) == (Bundle(0.0, (Message("/a", arguments),)),)


def test_nested_bundles_of_one_time_are_one() -> None:
    (found,) = bundles(bundle(packet("/a", 1), bundle(packet("/b", 2)), packet("/c", 3)))
    assert [message.address for message in found.messages] == ["/a", "/b", "/c"]


def test_each_bundle_keeps_its_time() -> None:
    early, late = bundles(bundle(packet("/a", 1), bundle(packet("/b", 1), due=20.5), due=10.25))
    assert (early.due, late.due) == (10.25, 20.5)


def test_a_nested_bundle_is_not_due_before_the_one_round_it() -> None:
    (found,) = bundles(bundle(bundle(packet("/a", 1), due=5.0), bundle(packet("/b", 1)), due=10.0))
    assert found.due == 10.0
    assert len(found.messages) == 2


def test_an_empty_bundle_holds_nothing() -> None:
    assert bundles(bundle()) == ()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "packet: expected 4 to 8192 bytes, a multiple of 4, received 0"),
        (b"/ab\0\0", "received 5"),
        (packet("/a", "x" * LONGEST), "packet: expected 4 to 8192"),
        (b"abc\0", "address: expected /.*received 'abc'"),
        (b"/a\nb\0\0\0\0", r"address: expected .*received '/a\\nb'"),
        ("/käse\0\0".encode(), "address: expected .*ASCII"),
        (raw(b"/" + b"a" * 128, b",i", b"\0\0\0\1"), "at most 128"),
        (b"/abc", "text: expected a zero at its end"),
        (b"/a\xff\0", "text: expected UTF-8"),
        (raw(b"/a", b"i", b"\0\0\0\1"), "/a: expected a comma"),
        (raw(b"/a", b"," + b"i" * 65, b"\0\0\0\1" * 65), "at most 64 type tags"),
        (raw(b"/a", b",ii", b"\0\0\0\1"), "/a: expected 16 bytes for ',ii', received 12"),
        (raw(b"/a", b",d", b"\0\0\0\1"), "/a: expected .* bytes"),
        (raw(b"/a", b",i", b"\0\0\0\1\0\0\0\1"), "/a: expected 12 bytes"),
        (raw(b"/a", b",s", b"abcd"), "text: expected a zero"),
        (raw(b"/a", b",s", b"\xff\xff\xff\0"), "text: expected UTF-8"),
        (raw(b"/a", b",b", b"\0\0\0\0"), "/a: expected arguments of the types .* received 'b'"),
        (raw(b"/a", b",[i]", b"\0\0\0\1"), r"received '\['"),
        (raw(b"/a", b",r", b"\xff\0\0\xff"), "arguments of the types .* received 'r'"),
        (raw(b"/a", b",t", AT_ONCE), "arguments of the types .* received 't'"),
        (raw(b"/a", b",fb", b"\0\0\0\0\0\0\0\0"), "arguments of the types .* received 'b'"),
        (HEAD, "bundle: expected a time tag"),
        (HEAD + AT_ONCE + struct.pack(">i", -4), "an element of at most 0 bytes"),
        (HEAD + AT_ONCE + struct.pack(">i", 0), "received 0"),
        (HEAD + AT_ONCE + struct.pack(">i", 64) + b"/a\0\0", "at most 4 bytes.*received 64"),
        (HEAD + AT_ONCE + struct.pack(">i", 3) + b"/a\0\0", "received 3"),
        (nested(5), "bundle: expected at most 4 within each other"),
        (nested(3000), "packet: expected 4 to 8192"),
    ],
)
def test_what_is_malformed_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        bundles(data)


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at : at + 4] = struct.pack(">i", chance.choice([-4, 0, 4, 8, 2**31 - 1]))
            case 2:
                del changed[at : at + 4]
            case 3:
                changed[at:at] = chance.randbytes(4)
        if not changed:
            break
    return bytes(changed)


def refusal(data: bytes) -> type[Exception] | None:
    try:
        bundles(data)
    except Exception as error:
        return type(error)
    return None


def test_only_a_value_error_comes_out_of_50_000_mutated_packets() -> None:
    chance = random.Random(2)
    refusals = Counter[type[Exception] | None]()
    for _ in range(50_000):
        refusals[refusal(mutated(chance.choice(VALID), chance))] += 1
    assert refusals.keys() == {None, ValueError}
    assert min(refusals.values()) > 5_000


def test_bundles_that_are_sent_fit_in_a_datagram_and_lose_nothing() -> None:
    addresses = [f"/strip/{number}/gain" for number in range(500)]
    sent = list(bundled(packet(address, 0.5) for address in addresses))
    assert max(map(len, sent)) <= FITTING
    read = [message.address for data in sent for message in bundles(data)[0].messages]
    assert read == addresses


def test_a_message_that_is_sent_alone_is_no_bundle() -> None:
    assert list(bundled([packet("/a", 1)])) == [packet("/a", 1)]
