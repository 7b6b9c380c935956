"""Programs as students have them, in PyTorch. Each defines `model`, a network for images of the shape next to it."""

LENET = '''
import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    """LeNet-5, as in PyTorch's tutorial."""

    def __init__(self, classes=10):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)  # kernel 5x5
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


model = LeNet()
'''

TUTORIAL = """
import torch
from torch import nn
from torch.nn import functional as F

device = "cuda" if torch.cuda.is_available() else "cpu"
SIZES = [6, 16]

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels=1, out_channels=SIZES[0], kernel_size=(5, 5), padding=2)
        self.conv2 = nn.Conv2d(SIZES[0], SIZES[1], 5)
        self.fc1 = nn.Linear(SIZES[1] * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.sigmoid(self.conv1(x)), (2, 2))
        x = F.max_pool2d(torch.tanh(self.conv2(x)), kernel_size=2, stride=2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.dropout(x, p=0.25, training=self.training)
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features

model = Net().train()
print(model)
"""

SEQUENTIAL = """
from collections import OrderedDict

import torch.nn as nn

features = nn.Sequential(OrderedDict([
    ("conv1", nn.Conv2d(3, 8, 3, padding=1, bias=False)),
    ("norm1", nn.BatchNorm2d(8)),
    ("relu1", nn.ReLU(inplace=True)),
    ("pool1", nn.AvgPool2d(2)),
]))
model = nn.Sequential(
    features,
    nn.Sequential(nn.Conv2d(8, 16, kernel_size=3, stride=2, dilation=2, groups=4), nn.LeakyReLU(0.2)),
    nn.Flatten(),
    nn.Dropout(0.5),
    nn.Linear(16 * 6 * 6, 2 ** 5 + 2 * 16),
    nn.BatchNorm1d(64),
    nn.GELU(),
    nn.Linear(64, 10, bias=False),
)
"""

BLOCKS = """
import torch
from torch.nn import Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential

class Block(Module):
    def __init__(self, inputs, outputs, *, pool=True):
        super().__init__()
        layers = [Conv2d(inputs, outputs, 3, padding=0), ReLU()]
        if pool:
            layers.append(MaxPool2d(2))
        else:
            layers += [ReLU()]
        self.body = Sequential(*layers)

    def forward(self, x):
        return self.body(x)

class Network(Module):
    widths = (4, 8)

    def __init__(self, channels: int = 1, **options):
        super().__init__()
        self.first = Block(channels, self.widths[0])
        self.second = Block(self.widths[0], self.widths[1], pool=options.get("pool", False))
        self.head = Linear(self.widths[1] * 11 * 11, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = self.second(self.first(images))
        return self.head(hidden.reshape(hidden.shape[0], -1))

model = Network()
"""

SHARED = """
import torch
from torch import nn

class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Conv2d(1, 4, 3, padding=1)
        self.again = nn.Conv2d(4, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(kernel_size=2)
        self.act = nn.ReLU()
        self.out = nn.Linear(4 * 7 * 7, 10)

    def forward(self, x):
        x = self.act(self.start(x))
        x = self.pool(self.act(self.again(x)))
        x = self.pool(self.act(self.again(x)))
        x = x.flatten(1)
        return torch.relu(self.out(x))

model = Shared()
"""

LOOPS = """
import math
import torch
from torch import nn

cfg = {"A": [8, "M", 16, "M"], "B": [8, 8, "M"]}

def make_layers(cfg, batch_norm=False):
    layers = []
    in_channels = 3
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            conv2d = nn.Conv2d(in_channels, v, kernel_size=3, padding=1)
            if batch_norm:
                layers += [conv2d, nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            else:
                layers += [conv2d, nn.ReLU(inplace=True)]
            in_channels = v
    return nn.Sequential(*layers)

class VGG(nn.Module):
    def __init__(self, features, num_classes=10, size=32):
        super().__init__()
        self.features = features
        side = int(size / 2 ** 2)
        hidden = [nn.Linear(side if i else 16 * side * side, side) for i in range(2)]
        self.hidden = nn.ModuleList(hidden)
        self.classifier = nn.Linear(side, num_classes)
        self._initialize_weights()

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, start_dim=1)
        for layer in self.hidden:
            x = torch.relu(layer(x))
        assert x.dim() == 2, "rows"
        return self.classifier(x)

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

model = VGG(make_layers(cfg["A"], batch_norm=True))
"""

MLP = """
import torch.nn as nn
hidden = 128
model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(28 * 28, hidden), nn.Sigmoid(),
    nn.Linear(hidden, hidden // 2), nn.Softplus(),
    nn.Linear(hidden // 2, 10),
)
"""

INHERITED = """
import torch, torch.nn as nn

class ConvReLU(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(nn.Conv2d(i, o, 3), nn.ELU())

class Base(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width
        self.stem = ConvReLU(1, width)

    def forward(self, x):
        return self.head(self.tail(self.stem(x)))

class Child(Base):
    def __init__(self):
        super().__init__(width=6)
        self.tail = nn.Sequential()
        self.tail.add_module("conv", nn.Conv2d(self.width, 3, 3, stride=(2, 2)))
        self.tail.add_module("act", nn.SiLU())
        self.tail.append(nn.Flatten())
        self.head = nn.Linear(3 * 5 * 6, 4)

model = Child().eval()
"""

MODERN = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=(3, 5), padding="same")
        self.norm = nn.GroupNorm(4, 16)
        self.act = nn.PReLU()
        self.wide = nn.Conv2d(16, 16, (1, 7), stride=(1, 2), padding=(0, 3), groups=16)
        self.lrn = nn.LocalResponseNorm(5, alpha=1e-4)
        self.pool = nn.MaxPool2d((3, 2), stride=2, ceil_mode=True)
        self.drop = nn.Dropout2d(0.1)
        self.up = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1)
        self.head = nn.Conv2d(8, 10, 1)

    def forward(self, x):
        x = self.act(self.norm(self.stem(x)))
        x = F.leaky_relu(self.lrn(self.wide(x)), 0.1)
        x = self.drop(self.pool(x))
        x = F.adaptive_avg_pool2d(x, (4, 4))
        x = F.avg_pool2d(self.head(self.up(x)), 3, ceil_mode=True)
        x = x.mean([2, 3])
        return F.log_softmax(x, dim=1)

model = Net()
"""

PROGRAMS = {
    "modern": (MODERN, (3, 32, 32)),
    "lenet": (LENET, (1, 32, 32)),
    "tutorial": (TUTORIAL, (1, 28, 28)),
    "sequential": (SEQUENTIAL, (3, 32, 32)),
    "blocks": (BLOCKS, (1, 28, 28)),
    "shared": (SHARED, (1, 28, 28)),
    "loops": (LOOPS, (3, 32, 32)),
    "mlp": (MLP, (1, 28, 28)),
    "inherited": (INHERITED, (1, 14, 16)),
}
