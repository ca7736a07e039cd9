"""How endless controls write their steps into seven bits.

| coding          | up    | down   |
|-----------------|-------|--------|
| signed bit      | 1-64  | 65-127 |
| signed bit 2    | 65-127| 1-64   |
| bin offset      | 65-127| 63-0   |
| twos complement | 1-64  | 127-65 |
"""

from mappings.mapping import Coding


def signed_bit(sent: int) -> int:
    return sent if sent <= 64 else 64 - sent


def signed_bit_2(sent: int) -> int:
    return -signed_bit(sent)


def bin_offset(sent: int) -> int:
    return sent - 64


def twos_complement(sent: int) -> int:
    return sent if sent <= 64 else sent - 128


def increments(sent: int) -> int:
    """Of an NRPN: its steps come as such, and a place means none."""
    return 0


CODINGS: dict[str, Coding] = {
    "signed bit": signed_bit,
    "signed bit 2": signed_bit_2,
    "bin offset": bin_offset,
    "twos complement": twos_complement,
}
INCREMENTS = "increments"
