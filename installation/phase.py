"""When to dream, so that each dream is there just before the stage looks for it."""

LEAD_SECONDS = 0.002  # a dream may take so much longer than usual
NUDGE_SECONDS = 0.0005  # a frame at most: nobody sees it
ALIKE = 0.02  # by this part two rates may differ from whole multiples


def nudge(done: float, frame: float, looked_at: float, refresh: float) -> float:
    """Seconds by which the next frame should begin later; earlier where negative. ``done``: when
    this one was, ``frame``: how long one may take, ``looked_at``: when the stage looked some time
    ago, ``refresh``: what is between its looks. All in ``time.monotonic()`` seconds. 0 where the
    two rates do not meet."""
    if not refresh or not _meet(frame, refresh):
        return 0.0
    late = (done + LEAD_SECONDS - looked_at) % refresh
    early = refresh - late
    return min(early, NUDGE_SECONDS) if early < late else -min(late, NUDGE_SECONDS)


def _meet(frame: float, refresh: float) -> bool:
    """Whether a dreamed frame takes one refresh, or some."""
    refreshes = round(frame / refresh)
    return refreshes > 0 and abs(frame / refresh - refreshes) < ALIKE * refreshes
