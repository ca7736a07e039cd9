import asyncio
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from subprocess import PIPE

import pytest
from aiohttp import web as http

from engine.frame import Slot
from installation import doctor, neighbours
from installation.neighbours import Neighbour, answers, holder, neighbour
from installation.page.entrance import serving
from installation.player import PULSE_CAPACITY, Pulse
from mappings.osc.endpoint import listening_socket

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a port")


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    slot = Slot(PULSE_CAPACITY)
    yield Pulse(slot)
    slot.unlink()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens to, by UDP and TCP, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with listening_socket(port):
            yield port


@linux
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_who_listens_is_found(taken: int, protocol: str) -> None:
    assert holder(taken, protocol) == os.getpid()


@linux
def test_nobody_listens_to_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert holder(port, "tcp") == 0
    assert str(neighbour(port, "tcp")) == ""


def test_a_show_is_known_by_its_answer(pulse: Pulse) -> None:
    async def asked() -> bool:
        async with serving("page", http.Application(), "127.0.0.1", port, pulse, Counter()):
            return await asyncio.to_thread(answers, port)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert asyncio.run(asked()), "what is refused is signed too"


def test_another_program_is_no_show(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "ANSWER_SECONDS", 0.01)
    assert not answers(taken)
    assert not answers(1)


@linux
def test_a_player_is_told_by_the_show_that_began_it(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "ANSWER_SECONDS", 0.01)
    commands = {os.getpid(): "python -c multiprocessing", os.getppid(): "bin/kaleidream run"}
    monkeypatch.setattr(neighbours, "_command", commands.__getitem__)
    found = neighbour(taken, "udp")
    assert found == Neighbour(True, os.getppid(), "bin/kaleidream run")
    assert str(found) == f"a Kaleidream show (process {os.getppid()})"


@linux
def test_a_command_is_told_as_it_was_given() -> None:
    with subprocess.Popen(["cat", "-u"], stdin=PIPE, stdout=PIPE) as echoing:
        assert echoing.stdin
        assert echoing.stdout
        echoing.stdin.write(b"\n")
        echoing.stdin.flush()
        assert echoing.stdout.readline() == b"\n", "only what answers has its command for certain"
        assert neighbours._command(echoing.pid) == "cat -u"
        assert neighbours._parent(echoing.pid) == os.getpid()


@pytest.mark.parametrize(("check", "name"), [(doctor._osc, "OSC_PORT"), (doctor._page, "WEB_PORT")])
@pytest.mark.parametrize("ours", [True, False])
def test_a_show_that_plays_is_no_fault_to_the_doctor(
    monkeypatch: pytest.MonkeyPatch, taken: int, check: doctor.Check, name: str, ours: bool
) -> None:
    there = Neighbour(ours, 4711, "bin/sclang")
    monkeypatch.setattr(doctor, name, taken)
    monkeypatch.setattr(doctor, "neighbour", lambda port, protocol: there)
    found = check()
    assert found.works is ours
    assert f"port {taken} is taken by {there}" in found.found
    assert found.fix.endswith(("--osc-port", "--web-port"))


@pytest.mark.parametrize(("check", "name"), [(doctor._osc, "OSC_PORT"), (doctor._page, "WEB_PORT")])
def test_a_free_port_is_found_free(
    monkeypatch: pytest.MonkeyPatch, check: doctor.Check, name: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(doctor, name, port)
    assert check().works
