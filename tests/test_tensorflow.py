from __future__ import annotations

import numpy as np
import pytest

from engine.climb import Arrays, Climb, climbed

pytestmark = pytest.mark.e2e

SIZE = (48, 64)


@pytest.mark.parametrize("climb", [Climb(0.02), Climb(0.05, 0.5, 0.6, 0.7, 0.8)])
def test_a_picture_on_the_gpu_climbs_as_one_beside_it(climb: Climb) -> None:
    """Wherever TensorFlow runs it: the step itself needs no GPU."""
    from engine.backends.tensorflow import DeviceStep, climb_function

    random = np.random.default_rng(0)
    picture, uphill = (random.random((*SIZE, 3), np.float32) for _ in range(2))
    step = DeviceStep("bestiary", None, climb_function(SIZE))
    received = step.climbed(step.placed(picture), step.placed(uphill), climb.knobs())
    expected = climbed(Arrays(), picture, uphill, climb.knobs())
    np.testing.assert_allclose(step.taken(received), expected, atol=2e-5)


def test_what_tensorflow_cannot_do_is_an_oserror() -> None:
    import tensorflow as tf

    from engine.backends.tensorflow import reported

    with (
        pytest.raises(OSError, match="vgg16: expected to run, received OOM"),
        reported("vgg16"),
    ):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nmore")
