"""The few operations that differ between runtimes, one file each."""

import sys

# OpenVINO counts its imports with Google Analytics, and keeps an identity for that in the user's
# home, where this package can be imported: a show tells nobody anything
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not there
