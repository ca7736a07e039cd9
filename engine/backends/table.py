"""The backends there are: one row each, the module and its class."""

AUTO = "auto"
BACKENDS = {"openvino": "OpenVINO", "torch": "Torch", "tensorflow": "TensorFlow"}
PRECISIONS = ("float32", "bfloat16")
