import random
import re

import pytest

from installation.settings import table
from mappings.osc.patterns import expanded, matches, wild

ADDRESSES = [parameter.address for parameter in table()]
PIECES = ["a", "b", "/", "*", "?", "[a-b]", "[!a]", "[bc]", "{a,bb}", "{ab,,c}"]


def brute_force(pattern: str, address: str) -> bool:
    """The same by a regular expression, which tries every way there is."""

    def part(found: re.Match[str]) -> str:
        written = found[0]
        if written in "*?":
            return {"*": "[^/]*", "?": "[^/]"}[written]
        if written.startswith("["):
            return written.replace("[!", "[^/")
        return "(?:" + written[1:-1].replace(",", "|") + ")"

    return bool(re.fullmatch(re.sub(r"[*?]|\[.*?\]|\{.*?\}", part, pattern), address))


def test_a_pattern_matches_what_trying_every_way_matches() -> None:
    chance = random.Random(1)
    matched = 0
    for _ in range(20_000):
        pattern = "/" + "".join(chance.choices(PIECES, k=chance.randrange(6)))
        address = "/" + "".join(chance.choices("abbc/", k=chance.randrange(6)))
        assert matches(pattern, address) == brute_force(pattern, address), (pattern, address)
        matched += matches(pattern, address)
    assert matched > 1000


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("/strip/*/gain", 8),
        ("/strip/[1-4]/gain", 4),
        ("/strip/[!1-4]/gain", 4),
        ("/strip/{1,3,8}/gain", 3),
        ("/strip/?/gain", 8),
        ("/*/zoom", 2),
        ("/{scope,colour}/{zoom,hue}", 2),
        ("/strip/*", 0),
        ("/*", 0),
        ("/strip/[]/gain", 0),
    ],
)
def test_a_wildcard_matches_within_one_part(pattern: str, count: int) -> None:
    assert len(expanded(pattern, ADDRESSES)) == count


def test_an_address_without_wildcards_matches_itself_alone() -> None:
    for address in ADDRESSES:
        assert not wild(address)
        assert expanded(address, ADDRESSES) == [address]


@pytest.mark.parametrize("pattern", ["/strip/[1-4/gain", "/strip/{1,2/gain", "/strip/{1/2}/gain"])
def test_an_open_bracket_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="closing bracket"):
        expanded(pattern, ADDRESSES)


@pytest.mark.parametrize(
    "pattern", ["/" + "*a" * 10 + "b", "/" + "*?" * 60 + "b", "/" + "{a,aa}" * 40 + "b"]
)
def test_a_pattern_with_many_ways_to_match_comes_to_an_end(pattern: str) -> None:
    assert not matches(pattern, "/" + "a" * 127)
