"""Networks to start from."""

from dataclasses import dataclass
from functools import cached_property

from hw5core.network.architecture import Architecture
from hw5core.network.notation import parse


@dataclass(frozen=True)
class Preset:
    """A network to start from: its title, its one-line form and a note about it."""

    title: str
    text: str
    note: str

    @cached_property
    def architecture(self) -> Architecture:
        return parse(self.text)


PRESETS = {
    "homework": Preset(
        "The homework's AlexNet",
        "3x244x244 conv96k11s4 relu conv256k5p1 relu conv384k3p1 relu conv384k3p1 relu conv256k3s4 relu",
        "The five convolutions of question 1. Strides and padding follow from the sheet's table.",
    ),
    "alexnet-published": Preset(
        "AlexNet as published (2012)",
        "3x227x227 conv96k11s4 relu maxpool3s2 conv256k5p2g2 relu maxpool3s2 conv384k3p1 relu conv384k3p1g2 relu "
        "conv256k3p1g2 relu maxpool3s2 flatten linear4096 relu dropout0.5 linear4096 relu dropout0.5 linear1000",
        "It has two groups because it was trained on two graphics cards. Local response normalisation is left out; it "
        "has no parameters. The paper says 224 pixels, but its shapes need 227.",
    ),
    "alexnet-torchvision": Preset(
        "AlexNet in torchvision",
        "3x224x224 conv64k11s4p2 relu maxpool3s2 conv192k5p2 relu maxpool3s2 conv384k3p1 relu conv256k3p1 relu "
        "conv256k3p1 relu maxpool3s2 adaptiveavgpool6 flatten dropout0.5 linear4096 relu dropout0.5 linear4096 relu "
        "linear1000",
        "Fewer filters and no groups, as in a later paper. Its adaptive average pooling changes nothing on 224 "
        "pixels, but lets the network take larger images.",
    ),
    "lenet-5": Preset(
        "LeNet-5 (1998)",
        "1x32x32 conv6k5 tanh avgpool2 conv16k5 tanh avgpool2 conv120k5 tanh flatten linear84 tanh linear10",
        "As it is taught today: the second convolution is fully connected, and the poolings have no parameters. The "
        "original left out some connections, and each pooling had a weight and a bias.",
    ),
    "vgg-11": Preset(
        "VGG-11 (2014)",
        "3x224x224 conv64k3p1 relu maxpool2 conv128k3p1 relu maxpool2 conv256k3p1 relu conv256k3p1 relu maxpool2 "
        "conv512k3p1 relu conv512k3p1 relu maxpool2 conv512k3p1 relu conv512k3p1 relu maxpool2 adaptiveavgpool7 "
        "flatten linear4096 relu dropout0.5 linear4096 relu dropout0.5 linear1000",
        "Eight convolutions, but the first linear layer alone has most of the parameters.",
    ),
    "vgg-16": Preset(
        "VGG-16 (2014)",
        "3x224x224 conv64k3p1 relu conv64k3p1 relu maxpool2 conv128k3p1 relu conv128k3p1 relu maxpool2 "
        "conv256k3p1 relu conv256k3p1 relu conv256k3p1 relu maxpool2 conv512k3p1 relu conv512k3p1 relu conv512k3p1 "
        "relu maxpool2 conv512k3p1 relu conv512k3p1 relu conv512k3p1 relu maxpool2 adaptiveavgpool7 flatten "
        "linear4096 relu dropout0.5 linear4096 relu dropout0.5 linear1000",
        "Thirteen 3x3 convolutions do most of the work. The linear layers have most of the parameters.",
    ),
    "digit-cnn": Preset(
        "The homework's digit CNN",
        "1x28x28 conv10k5 relu maxpool2 conv20k5 relu maxpool2 flatten linear50 relu linear10",
        "A reconstruction of question 2's network. The sheet does not show it, but the curves of this one come close. "
        "It is also the network of PyTorch's own example for beginners.",
    ),
    "digit-cnn-earlier": Preset(
        "The digit CNN, earlier reconstruction",
        "1x28x28 conv16k3p1 relu avgpool2 conv64k3p1 relu avgpool2 flatten linear50 relu linear10",
        "The network of question 2 in earlier versions of this app. Its curves are farther from the sheet's.",
    ),
    "empty": Preset("Empty", "3x64x64", "Only an input. Add the layers yourself."),
}
