"""The show made known on the network, so that tablets and programs find it by its name."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address

from ifaddr import get_adapters
from zeroconf import Error, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from installation.page.address import announced_name, shortened

OSC, OSCQUERY = "_osc._udp.local.", "_oscjson._tcp.local."
FAREWELL_SECONDS = 1.0

log = logging.getLogger("web")


@asynccontextmanager
async def announced(osc_port: int, oscquery_port: int | None) -> AsyncIterator[None]:
    """As long as it is open. It is never waited for, and never fails: the show goes on unannounced,
    and says so. ``osc_port``: UDP. ``oscquery_port``: TCP; None where there is none."""
    services = {OSC: osc_port} | ({OSCQUERY: oscquery_port} if oscquery_port else {})
    ending = asyncio.Event()
    announcing = asyncio.create_task(_announce(services, ending))
    try:
        yield
    finally:
        ending.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(announcing, FAREWELL_SECONDS)


async def _announce(services: Mapping[str, int], ending: asyncio.Event) -> None:
    """Says goodbye before it ends."""
    try:
        async with AsyncZeroconf(ip_version=IPVersion.V4Only) as network:
            made = described(services, socket.gethostname(), own_addresses())
            for each in made:
                await network.async_register_service(each, allow_name_change=True)
            log.info("announced on the network: %s", ", ".join(each.name for each in made))
            await ending.wait()
    except (Error, OSError, RuntimeError) as error:  # the last: no network at all
        log.warning("announcing: %s; the show goes on", error)


def own_addresses() -> list[str]:
    """This machine's, on every network that it is in; IPv4."""
    return [str(each.ip) for adapter in get_adapters() for each in adapter.ips if each.is_IPv4]


def described(
    services: Mapping[str, int], host: str, addresses: Sequence[str]
) -> list[AsyncServiceInfo]:
    """``services``: their ports. ``addresses``: this machine's; its own to itself only count where
    there are no others."""
    name = host.partition(".")[0]
    reached = [each for each in addresses if not IPv4Address(each).is_loopback] or addresses
    return [
        AsyncServiceInfo(
            service,
            f"{shortened('Kaleidream on ' + name)}.{service}",
            port=port,
            server=f"{announced_name(host)}.",
            parsed_addresses=list(reached),
        )
        for service, port in services.items()
    ]
