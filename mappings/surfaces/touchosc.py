"""The surface as a layout for TouchOSC.

Faders, pads and choices say and hear positions, so that they feel as every other knob does; labels
hear values. Where the show is does not stand in the file: in the app, at Connections, OSC, the host
is the show's machine, the send port its port for OSC (9000), and the receive port the one that the
show was given by ``--osc-reply``. Each change of page asks where everything stands, and so does
``sync``. Scripts are in Lua 5.1.
"""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

import py2tosc
from py2tosc import Control as Node
from py2tosc import Document, Trigger

from engine.parameters import Table
from mappings.surfaces.screen import Box
from mappings.surfaces.surface import NIGHT, WHITE, Page, Surface
from mappings.surfaces.touchosc_controls import BARE, Drawer
from mappings.surfaces.touchosc_messages import syncing

DUSK = "#22252c"  # of a tab that is not shown


def layout(surface: Surface, table: Table) -> Document:
    """The same for the same table, to the last byte."""
    screen, drawer = surface.screen, Drawer(surface.screen, table)
    frame = Box(0, 0, screen.width, screen.height)
    above = frame._replace(height=screen.height - screen.finger)
    pager = _pager(surface.pages, above, drawer)
    pager.messages.extend(syncing(Trigger("page")))
    bar = [drawer.drawn(control) for control in surface.bar]
    root = py2tosc.group(name="Kaleidream", frame=frame, color=NIGHT, children=[pager, *bar])
    _identify(root, "Kaleidream")
    return Document(root)


def _identify(node: Node, path: str) -> None:
    """The same for the same place and name, so that two layouts can be compared."""
    node.id = str(uuid5(NAMESPACE_URL, path))
    for child in node.children:
        _identify(child, f"{path}/{child.name}")


def _pager(pages: Iterable[Page], box: Box, drawer: Drawer) -> Node:
    tabs = drawer.finger
    inside = Box(0, tabs, box.width, box.height - tabs)
    return py2tosc.pager(
        name="pages",
        frame=box,
        color=NIGHT,
        tabbar_size=tabs,
        text_size_on=drawer.text,
        text_size_off=drawer.text,
        children=[_page(page, inside, drawer) for page in pages],
        **BARE,
    )


def _page(page: Page, box: Box, drawer: Drawer) -> Node:
    children = [drawer.drawn(control) for control in page.controls]
    if page.pages:
        children.append(_pager(page.pages, box._replace(top=0), drawer))
    return py2tosc.group(
        name=page.title,
        frame=box,
        color=NIGHT,
        tab_label=page.title,
        tab_color_off=DUSK,
        tab_color_on=page.colour,
        text_color_off=WHITE,
        text_color_on=WHITE,
        children=children,
        **BARE,
    )
