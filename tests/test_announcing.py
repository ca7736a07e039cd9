import json
import shutil
import socket
import subprocess
import sys

import pytest

from installation.page.address import LONGEST_NAME, own_names
from installation.page.announcing import OSC, OSCQUERY, described

LAN, OTHER, LOOPBACK = "192.0.2.7", "198.51.100.7", "127.0.0.1"
PORTS = {OSC: 9000, OSCQUERY: 9001}


def test_each_service_has_its_port_and_the_same_name() -> None:
    osc, oscquery = described(PORTS, "studio", [LAN])
    assert (osc.type, osc.port, osc.name) == (OSC, 9000, f"Kaleidream on studio.{OSC}")
    assert (oscquery.type, oscquery.port) == (OSCQUERY, 9001)
    assert oscquery.name == f"Kaleidream on studio.{OSCQUERY}"
    assert osc.server == oscquery.server == "kaleidream-studio.local."


@pytest.mark.parametrize(
    ("there", "reached"),
    [
        ([LOOPBACK, LAN, OTHER], [LAN, OTHER]),
        ([LAN], [LAN]),
        ([LOOPBACK], [LOOPBACK]),
    ],
)
def test_the_machine_is_reached_by_all_its_addresses_but_its_own_to_itself(
    there: list[str], reached: list[str]
) -> None:
    for service in described(PORTS, "studio", there):
        assert service.parsed_addresses() == reached


@pytest.mark.parametrize("host", ["studio.local", "x" * 64 + ".example.org", "ä" * 40])
def test_a_name_is_one_label_that_fits(host: str) -> None:
    for service in described(PORTS, host, [LAN]):
        label = service.name.removesuffix("." + service.type)
        assert len(label.encode()) <= LONGEST_NAME
        assert "." not in label
        assert service.server
        assert service.server.count(".") == 2
        assert label.startswith("Kaleidream on ")


def test_the_name_that_is_announced_is_one_by_which_the_page_is_found() -> None:
    for service in described(PORTS, socket.gethostname(), [LAN]):
        assert service.server
        assert service.server.removesuffix(".") in own_names()


LOOPBACK_NETWORK = "ip link set lo up multicast on; ip route add 224.0.0.0/4 dev lo; "
SHOW = """
import asyncio, logging, sys
from installation.page.announcing import announced
logging.basicConfig(level=logging.INFO)

async def show():
    async with announced(9000, 9001):
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(show())
"""
BROWSER = """
import json, sys, threading
from zeroconf import IPVersion, ServiceBrowser, Zeroconf

class Browsing:
    def __init__(self):
        self.there, self.changed = {}, threading.Condition()

    def add_service(self, zeroconf, kind, name):
        found = zeroconf.get_service_info(kind, name)
        with self.changed:
            self.there[kind] = (name, found.port, *found.parsed_addresses())
            self.changed.notify_all()

    update_service = add_service

    def remove_service(self, zeroconf, kind, name):
        with self.changed:
            del self.there[kind]
            self.changed.notify_all()

    def reaches(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.there) == count, 15), self.there

browsing = Browsing()
zeroconf = Zeroconf(ip_version=IPVersion.V4Only)
ServiceBrowser(zeroconf, ["_osc._udp.local.", "_oscjson._tcp.local."], browsing)
browsing.reaches(2)
for there in sorted(browsing.there.values()):
    print(json.dumps(there), file=sys.stderr)
print(flush=True)  # the show may end
browsing.reaches(0)
print("gone", file=sys.stderr)
zeroconf.close()
"""


def alone(*words: str) -> subprocess.CompletedProcess[str]:
    """A command in a network of its own, without any interface that is up."""
    command = ["unshare", "--map-root-user", "--net", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def network() -> None:
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("needs the programs unshare and ip")
    if alone("true").returncode:
        pytest.skip("may not make a network of its own")


@pytest.mark.e2e
@pytest.mark.usefixtures("network")
def test_another_process_finds_the_show_by_its_name_and_sees_it_go() -> None:
    line = f'{LOOPBACK_NETWORK} "$0" -c "$2" | "$0" -c "$1"'
    done = alone("bash", "-c", line, sys.executable, SHOW, BROWSER)
    said = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    found = [json.loads(each) for each in said if each.startswith("[")]
    ports = [(name.partition(" on ")[0], port, *there) for name, port, *there in found]
    assert ports == [("Kaleidream", 9000, LOOPBACK), ("Kaleidream", 9001, LOOPBACK)]
    assert "gone" in said


@pytest.mark.e2e
@pytest.mark.usefixtures("network")
def test_without_a_network_the_show_goes_on_and_says_so() -> None:
    done = alone("bash", "-c", 'echo | "$0" -c "$1"', sys.executable, SHOW)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("WARNING:web:announcing: ")
    assert line.endswith("; the show goes on")
