"""Which steps are measured."""

from dataclasses import dataclass

from engine.networks import NETWORKS
from installation.bench.rounds import Pace


@dataclass(frozen=True, slots=True)
class Way:
    """How a step of ours is made. ``threads``: 0 for as many as there are cores."""

    backend: str
    precision: str
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One step, made in several ways; the baseline is always beside them."""

    network: str
    stops: tuple[str, ...]
    width: int
    height: int
    ways: tuple[Way, ...]

    @property
    def stop(self) -> str:
        return "+".join(self.stops)


OPENVINO = (Way("openvino", "float32"), Way("openvino", "bfloat16"))
BRISK = (*OPENVINO, Way("tensorflow", "float32"))  # on a CPU PyTorch is far slower
EVERY = (*BRISK, Way("torch", "float32"), Way("torch", "bfloat16"))
LIVE = (  # beside a stage and a camera, a dreamer has one core
    Way("openvino", "float32", threads=1),
    Way("openvino", "bfloat16", threads=1),
)
WEDGE = (256, 144)  # a sixth of the mirrors

INCEPTION = (("mixed3",), ("mixed5",), ("mixed3", "mixed5"))
BESTIARY = tuple((NETWORKS["bestiary"].stops[n],) for n in (3, 7))
OTHERS = tuple(name for name in NETWORKS if name not in ("inception_v3", "bestiary"))
DEPTHWISE = ("mobilenet_v2", "efficientnet_v2_b0", "xception")  # OpenVINO keeps them in float32

FULL = (
    *(
        Case("inception_v3", stops, *size, EVERY)
        for size in ((256, 256), (512, 512))
        for stops in INCEPTION
    ),
    *(Case("inception_v3", stops, *WEDGE, EVERY + LIVE) for stops in INCEPTION),
    *(Case("bestiary", stops, 256, 256, EVERY) for stops in BESTIARY),
    *(Case("bestiary", stops, *WEDGE, EVERY + LIVE) for stops in BESTIARY),
    *(
        Case(name, (NETWORKS[name].stops[3],), 256, 256, OPENVINO[: 1 if name in DEPTHWISE else 2])
        for name in OTHERS
    ),
)
QUICK = (
    Case("inception_v3", ("mixed3", "mixed5"), 256, 256, BRISK),
    Case("bestiary", ("c5b",), 256, 256, BRISK),
)
FULL_PACE = Pace(rounds=7, seconds=0.3)
QUICK_PACE = Pace(rounds=5, seconds=0.12, limit=8.0)
