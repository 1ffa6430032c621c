"""784 pixels of a digit, read one by one by recurrences with fixed factors, by their start.

The protocol, written before any scored run of this script. Images, split, readings, updates and
the search for a rate are those of `mnist`, whose code is used and whose record was known: of three
networks each, an LSTM by pixels stays at 0.113 as it usually starts, and reaches 0.90 if its forget
biases are drawn for up to 784 steps ("lstm long"); shuffled it reaches 0.44 to 0.57, "long" 0.48 to
0.72. Logistic regression on all pixels: 0.917.

- Readings: "pixels", one a step, row by row; "shuffled", in one random order, of which each
  network draws its own. 7,000 images to train on, 1,000 to choose by, 2,000 to test once.
- One layer, whose last output a perceptron of 64 units sees. Each of its 32 inputs gets the pixel.
  "lru": 64 complex states, 32 outputs. "ssm": 8 complex states for each of 32 inputs. Sizes of
  weights are stored. Since their factors are fixed, the last output is one product of the pixels
  with powers of the factors, which is what is computed; the page holds it equal to the layers.
- Starts. "lru" as the package has it: on the ring between the radii 0.9 and 0.999, all angles.
  "lru slow": angles below 0.3. "lru disc": radii from 0.001. "lru real": the ring, but angles
  below 0.002, less than a quarter of a turn over the image. "ssm" as the package has it: lengths of
  a step of 0.001 to 0.1, so that 1 / e is left after 20 to 2,000 pixels; frequencies pi m. "ssm
  short": lengths of 0.05 to 0.5, 4 to 40 pixels. "ssm real": no frequency, and decays of m + 1 in
  their place (S4D-Real). Every start has as many different factors as the others of its layer. All
  numbers are then trained, whatever the start was.
- "deep": two layers of "ssm", between them GELU, a matrix and a normalisation. By pixels only, as
  nothing is expected of it shuffled and it takes the longest.
- Beside them: "lstm long" of `mnist` at the rate that its search found, 0.03, with five networks;
  "perceptron", 64 units on all pixels; "convolution", three layers along the sequence (16, 32, 32
  filters of 9 pixels, every fourth place) and a linear layer.
- 2,000 updates of 32 images, Adam with a cosine schedule, gradients clipped to 1. Rate: from 0.01
  divided and multiplied by 3 as long as that lowers the validation loss of network 0 by 0.01. Five
  networks at that rate.
- Also stored: how long the layer's states keep at the start and at the end, in steps until a share
  of 1 / e is left: the median and the longest.
- Judgement: a model is ahead of another if each of its five networks is ahead of each of the
  other's, in the share of right answers in the test.
- Known from untrained layers: of the images' variance a linear reader of 64 states gets back
  about 0.5 (slow), 0.3 to 0.5 (ring), 0.2 (disc), 0.25 (real); shuffled 0.64, 0.79, 0.60, 0.24.
  From a state space layer, pixel by pixel and shuffled, much less without waves; lengths ten times
  as large lose nothing pixel by pixel, and shuffled memories of 10 to 40 steps do as well.
- Expected, so that it can fail: (1) pixels: "lru slow" is ahead of "lru disc" and "lru real", ssm
  of "ssm real"; lru slow and ssm are above 0.9; (2) shuffled: lru is ahead of "lru slow", "lru
  disc" and "lru real", ssm of "ssm real"; (3) "lru slow" by pixels, lru shuffled and ssm in both
  are ahead of "lstm long"; (4) shuffling costs the convolution more than ssm, by the medians, and
  "lstm long" more than the convolution; (5) none of the layers is ahead of the perceptron, which
  sees all pixels at once; (6) deep is ahead of ssm by pixels; (7) the longest memory of "ssm
  short" stays below a tenth of that of ssm at the end, by pixels. Whether short memories are behind
  is not foreseen.
- Cost, from three unscored updates of each model on a core that other work used, too: 7 ms an
  update for each lru, 14 for each ssm, 64 for deep, 61 for the LSTM, 9 and 2 for the others; with
  about seven trainings for each of the 21 settings 75 minutes, or half of that on a free core.
"""

import importlib.util
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rnnbook.numpy import diagonal_ssm, lru
from rnnbook.tasks import images
from rnnbook.torch import LRU, DiagonalSSM

spec = importlib.util.spec_from_file_location("mnist", Path(__file__).with_name("mnist.py"))
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)

SEEDS = range(5)
WIDTH, STATES, EACH, HIDDEN, CLASSES = 32, 64, 8, 64, 10
UPDATES, PARTS, TRAINING, VALIDATION, TEST = 2000, 40, 7000, 1000, 2000
FIRST, GAIN, LONG_RATE = 0.01, 0.01, 0.03
STARTS = ("lru", "lru slow", "lru disc", "lru real", "ssm", "ssm short", "ssm real")
MODELS = (*STARTS, "deep", "lstm long", "perceptron", "convolution")
SETTINGS = [{"reading": "pixels", "model": model} for model in MODELS] + [
    {"reading": "shuffled", "model": model} for model in MODELS if model != "deep"
]
POINT = [
    {
        "seed": 0,
        "settings": {"reading": reading, "model": model},
        "constants": {
            "UPDATES": 3,
            "PARTS": 3,
            "GAIN": 100.0,
            "TRAINING": 64,
            "VALIDATION": 50,
            "TEST": 50,
        },
        "tolerance": {"": 1e-3, "validation": 1 / 50, "accuracy": 1 / 50},
    }
    for reading, model in (("pixels", "lru disc"), ("shuffled", "ssm real"), ("pixels", "deep"))
]
base.UPDATES, base.PARTS, base.GAIN = UPDATES, PARTS, GAIN
base.TRAINING, base.VALIDATION, base.TEST = TRAINING, VALIDATION, TEST


def first_params(model, rng):
    """The weights of a layer as it starts, as NumPy has them."""
    if model.startswith("lru"):
        radius = (0.001, 0.999) if model == "lru disc" else (0.9, 0.999)
        angle = {"lru slow": 0.3, "lru real": 0.002}.get(model, 2 * math.pi)
        return lru.init(rng, WIDTH, STATES, radius=radius, max_angle=angle, dtype=np.float32)
    params = diagonal_ssm.init(rng, WIDTH, EACH, dtype=np.float32)
    if model == "ssm short":  # from 0.001 to 0.1 becomes from 0.05 to 0.5
        log_dt = math.log(0.05) + (params.log_dt - math.log(0.001)) / 2
        params = params._replace(log_dt=log_dt.astype(np.float32))
    if model == "ssm real":
        decay = np.log(np.tile(np.arange(1.0, EACH + 1, dtype=np.float32), (WIDTH, 1)))
        params = params._replace(log_decay=decay, frequency=np.zeros_like(params.frequency))
    return params


def layer_of(model, rng):
    params = first_params(model, rng)
    layer = LRU(WIDTH, STATES) if model.startswith("lru") else DiagonalSSM(WIDTH, EACH)
    return layer.load_params(params)


class Reader(nn.Module):
    """One layer with fixed factors; a perceptron sees its last output."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.perceptron = nn.Sequential(
            nn.Linear(WIDTH, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)
        )

    def forward(self, x):
        layer, pixels = self.layer, x[..., 0]
        if isinstance(layer, DiagonalSSM):
            y = pixels @ layer.kernel(x.shape[1]).flip(0)
        else:
            factor = torch.complex(-layer.nu.exp(), layer.theta.exp())
            ago = torch.arange(x.shape[1] - 1, -1, -1)[:, None]
            B = torch.complex(layer.B_re, layer.B_im).sum(0)  # all inputs are the pixel
            h = (pixels.to(B.dtype) @ torch.exp(factor * ago)) * layer.log_gamma.exp() * B
            y = (h @ torch.complex(layer.C_re, layer.C_im)).real
        return self.perceptron(y + layer.skip * pixels[:, -1:])


class Deep(nn.Module):
    """Two state space layers; a perceptron sees the last output of the second."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second
        self.between = nn.Sequential(nn.GELU(), nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH))
        self.perceptron = nn.Sequential(
            nn.Linear(WIDTH, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)
        )

    def forward(self, x):
        x = self.between(self.first.convolve(x.expand(-1, -1, WIDTH)))
        kernel = self.second.kernel(x.shape[1]).flip(0)
        return self.perceptron((x * kernel).sum(1) + self.second.skip * x[:, -1])


def convolution(steps):
    """Three layers along the sequence, each at every fourth place, and a linear one."""
    sizes, layers = (1, 16, 32, 32), []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Conv1d(inputs, outputs, 9, stride=4, padding=4), nn.ReLU()]
        steps = -(-steps // 4)
    layers += [nn.Flatten(), nn.Linear(sizes[-1] * steps, CLASSES)]
    return nn.Sequential(nn.Flatten(), nn.Unflatten(1, (1, -1)), *layers)


def made(model, steps, k):
    """Network k as it starts."""
    torch.manual_seed(k)
    rng = np.random.default_rng((k, 0))
    if model in STARTS:
        return Reader(layer_of(model, rng))
    if model == "deep":
        return Deep(layer_of("ssm", rng), layer_of("ssm", rng))
    if model == "lstm long":
        return base.Reader(model, steps, 1, k)
    if model == "convolution":
        return convolution(steps)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(steps, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)
    )


@torch.no_grad()
def kept(net):
    """Steps until 1 / e is left: the median state of the first layer, and the longest."""
    layer = net.first if isinstance(net, Deep) else net.layer
    shrink = layer.nu if isinstance(layer, LRU) else layer.log_decay + layer.log_dt[:, None]
    steps = (-shrink).exp().flatten()
    return [round(float(v), 2) for v in (steps.median(), steps.max())]


def network(parts, reading, model, rate, k):
    """One network's losses, shares of right answers and memories."""
    torch.set_num_threads(1)
    order = base.places(reading, k)
    net = made(model, len(order), k)
    (x, y), *others = (
        (torch.tensor(images.read(picture, order)), torch.tensor(label)) for picture, label in parts
    )
    has_memory = model in STARTS or model == "deep"
    found = {"kept": [kept(net)]} if has_memory else {}
    found["losses"] = base.train(net, x, y, rate, k)
    with torch.no_grad():
        scores = [torch.cat([net(piece) for piece in x.split(250)]) for x, _ in others]
    (s, y), (test, answers) = zip(scores, (label for _, label in others), strict=True)
    found["validation_loss"] = base.capped(nn.functional.cross_entropy(s, y).item())
    found["validation"] = float((s.argmax(dim=1) == y).double().mean())
    found["accuracy"] = float((test.argmax(dim=1) == answers).double().mean())
    if has_memory:
        found["kept"].append(kept(net))
    return found | {"parameters": sum(w.numel() for w in net.parameters())}


chosen = {}  # by reading and model: the rate, the search, network 0


def search(parts, reading, model):
    """The best rate for network 0, as in `mnist`, and that network."""
    networks = {}

    def loss(rate):
        networks[round(rate, 6)] = network(parts, reading, model, rate, 0)
        return networks[round(rate, 6)]["validation_loss"]

    if model == "lstm long":
        loss(LONG_RATE)
        return LONG_RATE, {}, networks[LONG_RATE]
    rate, tried = base.climb(loss, FIRST)
    return rate, tried, networks[rate]


def run(seed, reading, model):
    parts, key = base.split(), (reading, model)
    if key not in chosen:
        chosen[key] = search(parts, reading, model)
    rate, tried, first = chosen[key]
    if seed == 0:
        return {"rate": rate, "search": tried, **first}
    return {"rate": rate, **network(parts, reading, model, rate, seed)}
