import asyncio
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from subprocess import PIPE

import pytest
from aiohttp import web as http

from installation import doctor, neighbours
from installation.neighbours import Neighbour, answers, holder, neighbour
from installation.page.entrance import serving
from installation.player import Pulse
from mappings.osc.endpoint import listening_socket

Asked = Callable[[Callable[[int], object]], object]

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a port")


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


@pytest.fixture
def asked(pulse: Pulse) -> Asked:
    """With a port that a show serves, while it does."""

    async def serve(question: Callable[[int], object]) -> object:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        async with serving("page", http.Application(), "127.0.0.1", port, pulse, Counter()):
            return await asyncio.to_thread(question, port)

    return lambda question: asyncio.run(serve(question))


def test_a_show_is_known_by_its_answer(asked: Asked) -> None:
    assert asked(answers), "what is refused is signed too"


@pytest.mark.parametrize(("process", "show"), [(0, True), (4711, False)])
def test_an_answer_counts_only_where_nobody_is_told(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, process: int, show: bool
) -> None:
    """A show whose port of OSC another program has serves its tree on the TCP of that port."""
    command = "bin/sclang" if process else ""
    monkeypatch.setattr(neighbours, "holder", lambda port, protocol: process)
    monkeypatch.setattr(neighbours, "_command", lambda process: command)
    assert asked(lambda port: neighbour(port, "udp")) == Neighbour(show, process, command)


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


PORTS = (
    (doctor._osc, "OSC_PORT", "UDP", "--osc-port"),
    (doctor._page, "WEB_PORT", "TCP", "--web-port"),
)


@pytest.mark.parametrize(("check", "name", "protocol", "option"), PORTS)
@pytest.mark.parametrize(
    ("there", "said"),
    [
        (
            Neighbour(True, 4711, "bin/kaleidream run"),
            " is taken by a Kaleidream show (process 4711)",
        ),
        (Neighbour(False, 4711, "bin/sclang"), " is taken by process 4711 (bin/sclang)"),
        (Neighbour(False, 0, ""), ": expected a free one, received ["),
    ],
)
def test_the_doctor_says_once_who_has_a_port_and_that_a_show_plays_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
    taken: int,
    check: doctor.Check,
    name: str,
    protocol: str,
    option: str,
    there: Neighbour,
    said: str,
) -> None:
    monkeypatch.setattr(doctor, name, taken)
    monkeypatch.setattr(doctor, "neighbour", lambda port, protocol: there)
    found = check()
    assert found.works is there.show
    assert found.found.startswith(f"{protocol} port {taken}{said}")
    assert "choose" not in found.found
    expected = "stop the program that listens there, or choose another port: "
    assert found.fix == expected + option


@pytest.mark.parametrize(("check", "name", "protocol", "option"), PORTS)
def test_a_free_port_is_found_free(
    monkeypatch: pytest.MonkeyPatch, check: doctor.Check, name: str, protocol: str, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(doctor, name, port)
    assert check().works
