"""The four codings of endless controls: every value, as makers' tables have them."""

import pytest

from mappings.files.coding import CODINGS, increments

UP_64 = {value: value for value in range(1, 65)}
TABLES: dict[str, dict[int, int]] = {
    "signed bit": {0: 0, **UP_64, **{value: 64 - value for value in range(65, 128)}},
    "signed bit 2": {
        0: 0,
        **{value: -value for value in range(1, 65)},
        **{value: value - 64 for value in range(65, 128)},
    },
    "bin offset": {value: value - 64 for value in range(128)},
    "twos complement": {0: 0, **UP_64, **{value: value - 128 for value in range(65, 128)}},
}


@pytest.mark.parametrize("coding", CODINGS)
def test_every_value_means_its_steps(coding: str) -> None:
    assert {sent: CODINGS[coding](sent) for sent in range(128)} == TABLES[coding]


@pytest.mark.parametrize(
    ("coding", "up", "down"),
    [
        ("signed bit", 1, 65),
        ("signed bit 2", 65, 1),
        ("bin offset", 65, 63),
        ("twos complement", 1, 127),
    ],
)
def test_the_smallest_steps_are_one(coding: str, up: int, down: int) -> None:
    assert (CODINGS[coding](up), CODINGS[coding](down)) == (1, -1)


def test_the_place_of_an_nrpn_is_no_step() -> None:
    assert {increments(sent) for sent in range(128)} == {0}
