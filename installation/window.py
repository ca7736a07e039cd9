"""The window, and who paints in it: the GPU, or the CPU where there is no OpenGL 3.3."""

import logging
import os
import time

import pygame

from installation.painting import CpuPainter, GlPainter, Painter
from installation.plan import Plan
from installation.player import Hopeless

REFRESH_RATE = 60.0  # where the display does not say
DEFAULT_SIZE = (1280, 720)
TRIAL_FLIPS = 8
HEADLESS_DRIVERS = ("offscreen", "dummy")  # SDL takes them by itself where there is no display

log = logging.getLogger("stage")


class Window:
    """``painter`` paints in it. ``synchronised``: ``flip`` waits for the display. ``kind``: what
    paints, in words."""

    def __init__(self, plan: Plan) -> None:
        """Raises Hopeless where there is no display, or not that many."""
        os.environ.setdefault("SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS", "0")
        # software rendering: leave a core to the dreamer
        os.environ.setdefault("LP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))
        self._plan = plan
        self.painter, self.kind = self._opened()
        pygame.display.set_caption("Kaleidream")
        pygame.display.set_allow_screensaver(False)
        pygame.mouse.set_visible(plan.window is not None)
        self.refresh_rate = float(pygame.display.get_current_refresh_rate() or REFRESH_RATE)
        self.synchronised = not plan.headless and self._waits()
        log.info("%s at %dx%d, %g Hz", self.kind, *self.size, self.refresh_rate)

    @property
    def size(self) -> tuple[int, int]:
        return pygame.display.get_window_size()

    def flip(self) -> None:
        self.painter.finish()
        pygame.display.flip()

    def resized(self) -> None:
        self.painter.resized(self.size)

    def toggle_fullscreen(self) -> None:
        pygame.display.toggle_fullscreen()
        pygame.mouse.set_visible(not pygame.display.is_fullscreen())

    def close(self) -> None:
        self.painter.release()
        pygame.quit()

    def _opened(self) -> tuple[Painter, str]:
        try:
            self._open("offscreen", pygame.OPENGL | pygame.DOUBLEBUF)
            painter = GlPainter(self.size)
            return painter, f"OpenGL on {painter.renderer}"
        except (pygame.error, OSError) as error:
            log.warning("no OpenGL 3.3 (%s): folding on the CPU", error)
            pygame.display.quit()
        try:
            self._open("dummy", 0)
        except pygame.error as error:
            raise Hopeless(f"display: expected one, or --headless; received: {error}") from None
        surface = pygame.display.get_surface()
        assert surface is not None
        return CpuPainter(surface), "the CPU"

    def _open(self, headless_driver: str, flags: int) -> None:
        plan = self._plan
        if plan.headless:
            os.environ["SDL_VIDEODRIVER"] = headless_driver
        pygame.display.init()
        if not plan.headless and pygame.display.get_driver() in HEADLESS_DRIVERS:
            raise Hopeless("display: expected one, or --headless; received none")
        pygame.font.init()
        desktops = pygame.display.get_desktop_sizes()
        if plan.display >= len(desktops):
            expected = f"0 to {len(desktops) - 1}"
            raise Hopeless(f"--display: expected {expected}, received {plan.display}")
        if flags & pygame.OPENGL:
            for attribute, value in (
                (pygame.GL_CONTEXT_MAJOR_VERSION, 3),
                (pygame.GL_CONTEXT_MINOR_VERSION, 3),
                (pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE),
            ):
                pygame.display.gl_set_attribute(attribute, value)
        size = plan.window
        if plan.headless:
            size = size or DEFAULT_SIZE
        elif size is None:
            size = desktops[plan.display]
            flags |= pygame.FULLSCREEN
        else:
            flags |= pygame.RESIZABLE
        try:
            pygame.display.set_mode(size, flags, display=plan.display, vsync=int(not plan.headless))
        except pygame.error:  # some drivers refuse to synchronise
            pygame.display.set_mode(size, flags, display=plan.display)

    def _waits(self) -> bool:
        """Vertical sync is a hint: whether it is kept is measured."""
        times = []
        for _ in range(TRIAL_FLIPS):
            began = time.perf_counter()
            self.flip()
            times.append(time.perf_counter() - began)
        return sorted(times)[TRIAL_FLIPS // 2] > 0.6 / self.refresh_rate
