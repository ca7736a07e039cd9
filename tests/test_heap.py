import sys
from typing import Any

import pytest

from engine import heap


class Glibc:
    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def mallopt(self, option: int, value: int) -> int:
        self.told.append((option, value))
        return 1


def loaded(monkeypatch: pytest.MonkeyPatch, library: object, platform: str = "linux") -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: library)


def test_glibc_is_told_to_keep_what_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Glibc()
    loaded(monkeypatch, library)
    heap.keep_pages()
    assert [option for option, _ in library.told] == [-1, -2, -3]
    assert all(0 < value < 2**31 for _, value in library.told)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    library = Glibc()
    loaded(monkeypatch, library, platform)
    heap.keep_pages()
    assert not library.told


def test_another_library_of_c_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    library: Any = object()
    loaded(monkeypatch, library)
    heap.keep_pages()
