"""The networks there are: one row each. Data only; ``engine.loading`` builds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Stops = tuple[str, str, str, str, str, str, str, str]
Colours = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Network:
    """``constructor``: a name in ``keras.applications``; empty for the embedded network.
    ``stops``: layer names of the eight strips, from shallow to deep. ``scale``, ``offset``: each
    channel of a 0..1 picture becomes ``picture * scale + offset``, after ``bgr`` has turned the
    colours round. ``least``: the smallest side, in pixels, that reaches the deepest stop.
    ``weights``: the official file under keras-applications; ``checksum``: what its publisher says
    it hashes to (``md5:...``), empty where nothing is published."""

    constructor: str
    stops: Stops
    scale: Colours
    offset: Colours
    bgr: bool
    least: int
    weights: str
    checksum: str
    provenance: str
    licence: str


NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        "bestiary": Network(
            constructor="",
            stops=("c2", "c3a", "c3b", "c4a", "c4b", "fine", "c5b", "coarse"),
            scale=(4.0, 4.0, 4.0),
            offset=(-2.0, -2.0, -2.0),
            bgr=False,
            least=32,
            weights="",
            checksum="sha256:d5b89c316e451a42a59ca26bb9eb34f3b3e5d93728c6b4fcc7e2e92c843aa48e",
            provenance="drawn and trained by this project",
            licence="MIT",
        ),
        "inception_v3": Network(
            constructor="InceptionV3",
            stops=("mixed0", "mixed1", "mixed2", "mixed3", "mixed4", "mixed5", "mixed6", "mixed7"),
            scale=(2.0, 2.0, 2.0),
            offset=(-1.0, -1.0, -1.0),
            bgr=False,
            least=80,
            weights="inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum="md5:bcbd6486424b2319ff4ef7d526e38f63",
            provenance="Google, 2015, trained on ImageNet; published by Keras",
            licence="Apache-2.0",
        ),
        "densenet121": Network(
            constructor="DenseNet121",
            stops=(
                "conv1_relu",
                "conv2_block3_concat",
                "conv2_block6_concat",
                "conv3_block6_concat",
                "conv3_block12_concat",
                "conv4_block12_concat",
                "conv4_block24_concat",
                "conv5_block16_concat",
            ),
            scale=(1 / 0.229, 1 / 0.224, 1 / 0.225),
            offset=(-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
            bgr=False,
            least=32,
            weights="densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum="md5:30ee3e1110167f948a6b9946edeeb738",
            provenance="Huang et al., 2017, trained on ImageNet; published by Keras",
            licence="BSD-3-Clause",
        ),
        "vgg16": Network(
            constructor="VGG16",
            stops=(
                "block1_conv2",
                "block2_conv2",
                "block3_conv1",
                "block3_conv3",
                "block4_conv1",
                "block4_conv3",
                "block5_conv1",
                "block5_conv3",
            ),
            scale=(255.0, 255.0, 255.0),
            offset=(-103.939, -116.779, -123.68),
            bgr=True,
            least=32,
            weights="vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum="md5:6d6bbae143d832006294945121d1f1fc",
            provenance="VGG, Oxford, 2014, trained on ImageNet; published by Keras",
            licence="CC-BY-4.0",
        ),
        "vgg19": Network(
            constructor="VGG19",
            stops=(
                "block1_conv2",
                "block2_conv2",
                "block3_conv1",
                "block3_conv4",
                "block4_conv1",
                "block4_conv4",
                "block5_conv1",
                "block5_conv4",
            ),
            scale=(255.0, 255.0, 255.0),
            offset=(-103.939, -116.779, -123.68),
            bgr=True,
            least=32,
            weights="vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum="md5:253f8cb515780f3b799900260a226db6",
            provenance="VGG, Oxford, 2014, trained on ImageNet; published by Keras",
            licence="CC-BY-4.0",
        ),
        "resnet50": Network(
            constructor="ResNet50",
            stops=(
                "conv1_relu",
                "conv2_block1_out",
                "conv2_block3_out",
                "conv3_block2_out",
                "conv3_block4_out",
                "conv4_block3_out",
                "conv4_block6_out",
                "conv5_block3_out",
            ),
            scale=(255.0, 255.0, 255.0),
            offset=(-103.939, -116.779, -123.68),
            bgr=True,
            least=32,
            weights="resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum="md5:4d473c1dd8becc155b73f8504c6f6626",
            provenance="He et al., 2015, trained on ImageNet; published by Keras",
            licence="MIT",
        ),
        "mobilenet_v2": Network(
            constructor="MobileNetV2",
            stops=(
                "block_1_expand_relu",
                "block_3_expand_relu",
                "block_4_expand_relu",
                "block_6_expand_relu",
                "block_8_expand_relu",
                "block_11_expand_relu",
                "block_13_expand_relu",
                "block_16_expand_relu",
            ),
            scale=(2.0, 2.0, 2.0),
            offset=(-1.0, -1.0, -1.0),
            bgr=False,
            least=32,
            weights=(
                "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
            ),
            checksum="",
            provenance="Google, 2018, trained on ImageNet; published by Keras",
            licence="Apache-2.0",
        ),
        "efficientnet_v2_b0": Network(
            constructor="EfficientNetV2B0",
            stops=(
                "stem_activation",
                "block1a_project_activation",
                "block2a_expand_activation",
                "block2b_add",
                "block3b_add",
                "block4c_add",
                "block5e_add",
                "block6h_add",
            ),
            scale=(1 / 0.229, 1 / 0.224, 1 / 0.225),
            offset=(-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
            bgr=False,
            least=32,
            weights="efficientnet_v2/efficientnetv2-b0_notop.h5",
            checksum="md5:893217f2bb855e2983157299931e43ff",
            provenance="Google, 2021, trained on ImageNet; published by Keras",
            licence="Apache-2.0",
        ),
        "xception": Network(
            constructor="Xception",
            stops=(
                "block1_conv2_act",
                "block2_sepconv2_act",
                "block3_sepconv1_act",
                "block4_sepconv1_act",
                "block5_sepconv1_act",
                "block9_sepconv1_act",
                "block13_sepconv1_act",
                "block14_sepconv2_act",
            ),
            scale=(2.0, 2.0, 2.0),
            offset=(-1.0, -1.0, -1.0),
            bgr=False,
            least=80,
            weights="xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum="md5:b0042744bf5b25fce3cb969f33bebb97",
            provenance="Chollet, 2017, trained on ImageNet; published by Keras",
            licence="MIT",
        ),
    }
)
