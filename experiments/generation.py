"""Digits written pixel by pixel: recurrent networks, masked networks and simpler densities.

The protocol, written before any run of this script. An image of 8 x 8 pixels with 17 levels is a
sequence of 64. Every model gives the probability of each pixel after those before it; the score
is bits per image (64 times bits per pixel) on 300 test images.

It was not blind. An earlier edition had scored the recurrent networks, the nearest context and
the trees on these test images; embeddings, width and dropout of the recurrent networks, and
reach, width and share of the nearest context, are from there, chosen on validation images. The
masked networks were first tried for this script, on validation images only, with one seed and
short runs. Bits a pixel of the convolution after 10 epochs: 1.97 with 64 channels, dropout 0.3 and
a rate of 0.002; 1.94 with 48, 0.3 and 0.004; 1.91 with 48, 0.2 and 0.004. Of the perceptron after
20 epochs: 2.17 to 2.20 with 16 numbers for a level (dropout 0.4 to 0.75, one or two layers,
weight decay), 2.14 with 3, and 2.24 with 3 and without the direct weights; 2.11 with 2 and with
512 units, dropout 0.4 and a rate of 0.004. The last of each is taken.

- Arms. Plain RNN, LSTM and GRU, by rows, which are told the place, the pixel one step ago and the
  one eight steps ago, which is the pixel above. The same GRU in a shuffled order, of which every
  network draws its own; eight steps ago is then any pixel. A masked convolution (the PixelCNN of
  van den Oord, Kalchbrenner and Kavukcuoglu 2016), by rows. A masked perceptron (the MADE of
  Germain, Gregor, Murray and Larochelle 2015), by rows and in shuffled orders.
- Search. Each arm has its own learning rate. From a first one, the rate is halved and doubled as
  long as that lowers the loss on the validation images, until the best has a worse neighbour on
  both sides. The search uses network 0. The width of the nearest context is searched in the same
  way, by factors of 1.25, and the rate of the trees, of which there are 30 / rate; slower is
  always a little better there, so this search also ends at a gain of less than 0.01 bits a pixel.
- Training. Each network has `EPOCHS` of Adam, whose rate falls to a hundredth along a line, and
  keeps the weights of the epoch with the lowest validation loss. Three networks an arm, at the
  chosen rate.
- Judgement. The images come from 14 forms, and images of one form have a writer in common. A
  difference between two arms is taken image by image from the means over the networks, and
  averaged in each form; the 14 means give an interval of 99 % (Student's t). It counts if the
  interval does not hold zero and network k of one arm is better than network k of the other, for
  every k. The comparisons: GRU with trees, convolution, perceptron, plain RNN and LSTM; GRU and
  perceptron, by rows and shuffled; and whether shuffling costs the one more than the other.
- Digits. Three more GRUs, without a search, are told which digit they write, in half of the
  training images, drawn anew each time. They have 48 epochs: of a first network with 12, written
  digits were too often not the one told. They are scored with the digit hidden, with the right one
  and with each of the ten. The weights of the first are kept, rounded to 16 bits, in
  `generation_digits.npz`; nothing is read from its samples here.

Every setting is a run of its own, so that they may run in any order and side by side.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import nn

from rnnbook.tasks import images

SEEDS = range(1)
SETTINGS = [
    {"model": model, "order": order}
    for model, order in (
        ("independent", "rows"),
        ("nearest", "rows"),
        ("gru", "rows"),
        ("convolution", "rows"),
        ("digits", "rows"),
        ("perceptron", "rows"),
        ("perceptron", "shuffled"),
        ("gru", "shuffled"),
        ("trees", "rows"),
        ("rnn", "rows"),
        ("lstm", "rows"),
    )
]
POINT = [
    {
        "seed": 0,
        "settings": {"model": model, "order": order},
        "constants": {
            "EPOCHS": 1,
            "BATCH": 256,
            "NETWORKS": 1,
            "TRIALS": 1,
            "HIDDEN": 16,
            "CHANNELS": 8,
            "UNITS": 64,
        },
        "tolerance": 1e-3,
    }
    for model, order in (
        ("gru", "rows"),
        ("gru", "shuffled"),
        ("convolution", "rows"),
        ("perceptron", "shuffled"),
        ("nearest", "rows"),
    )
]
LEVELS, SIDE = 17, 8
PIXELS = SIDE * SIDE
START = LEVELS  # stands for a pixel that is not there
HIDE = 10  # stands for a digit that is not told
FIRST = {  # of the search
    "rnn": 2e-3,
    "lstm": 4e-3,
    "gru": 4e-3,
    "digits": 4e-3,
    "convolution": 4e-3,
    "perceptron": 4e-3,
    "trees": 0.3,
    "nearest": 2.0,
}
FACTOR, GAIN, TRIALS = {"nearest": 1.25}, {"trees": 0.01}, 8  # else a factor of 2, any gain
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
EMBEDDING, HIDDEN, DROPOUT = 16, 128, 0.4
CHANNELS, LAYERS, CONVOLUTION_DROPOUT = 48, 5, 0.2
UNITS, NUMBERS, PERCEPTRON_DROPOUT = 512, 2, 0.4
BATCH, EPOCHS, NETWORKS = 32, 32, 3
DIGIT_EPOCHS = 48


# The images.


def split():
    """Images (N, 64) with levels 0 to 16, and their digits: training, validation and test."""
    digits = load_digits()
    pixels = digits.images.astype(np.int64).reshape(-1, PIXELS)
    order = np.random.default_rng(0).permutation(len(pixels))
    parts = np.split(order, [1297, 1497])
    return [pixels[part] for part in parts], [digits.target[part] for part in parts]


def ordered(order, k):
    """Training, validation and test images with the pixels in the order of network k."""
    places = images.pixels((SIDE, SIDE))
    if order == "shuffled":
        places = images.shuffled(np.random.default_rng(100 + k), places)
    return [part[:, places[:, 0]] for part in split()[0]]


# The networks: scores (N, 64, 17) of each pixel's levels, from those before it.


class PixelModel(nn.Module):
    """A recurrent network over the pixels, told the place and perhaps the digit."""

    def __init__(self, cell, digits=False):
        super().__init__()
        self.before = nn.Embedding(LEVELS + 1, EMBEDDING)
        self.place = nn.Embedding(PIXELS, EMBEDDING)
        self.above = nn.Embedding(LEVELS + 1, EMBEDDING)
        self.digit = nn.Embedding(11, EMBEDDING) if digits else None
        inputs = EMBEDDING * (3 + digits)
        self.cell = CELLS[cell](inputs, HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, LEVELS)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, before, above, places, digit=None, state=None):
        shape = *before.shape, EMBEDDING
        inputs = [self.before(before), self.place(places).expand(shape), self.above(above)]
        if self.digit:
            inputs.append(self.digit(digit)[:, None].expand(shape))
        h, state = self.cell(self.dropout(torch.cat(inputs, dim=-1)), state)
        return self.output(self.dropout(h)), state


class MaskedConv(nn.Conv2d):
    """A convolution that sees earlier pixels, and with `own` the one at its place."""

    def __init__(self, inputs, outputs, size, own):
        super().__init__(inputs, outputs, size, padding=size // 2)
        mask = torch.ones(size, size)
        mask[size // 2, size // 2 + own :] = 0
        mask[size // 2 + 1 :] = 0
        self.register_buffer("mask", mask)

    def forward(self, x):
        weight = self.weight * self.mask
        return nn.functional.conv2d(x, weight, self.bias, padding=self.padding)


class MaskedConvolution(nn.Module):
    """PixelCNN: masked convolutions on top of one another, the first without its own pixel."""

    def __init__(self):
        super().__init__()
        self.level = nn.Embedding(LEVELS, EMBEDDING)
        self.first = MaskedConv(EMBEDDING, CHANNELS, 7, own=False)
        self.place = nn.Parameter(torch.zeros(CHANNELS, SIDE, SIDE))
        self.layers = nn.ModuleList(
            MaskedConv(CHANNELS, CHANNELS, 3, own=True) for _ in range(LAYERS)
        )
        self.output = nn.Conv2d(CHANNELS, LEVELS, 1)
        self.dropout = nn.Dropout(CONVOLUTION_DROPOUT)

    def forward(self, x):
        h = self.dropout(self.level(x)).transpose(1, 2)
        h = self.first(h.reshape(len(x), -1, SIDE, SIDE)) + self.place
        for layer in self.layers:
            h = h + layer(self.dropout(torch.relu(h)))
        scores = self.output(self.dropout(torch.relu(h)))
        return scores.flatten(2).transpose(1, 2)


class MaskedLinear(nn.Linear):
    """A linear layer in which only the weights of a mask (outputs, inputs) count."""

    def __init__(self, mask):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.float())

    def forward(self, x):
        return nn.functional.linear(x, self.weight * self.mask, self.bias)


class MaskedPerceptron(nn.Module):
    """MADE: a unit sees the pixels up to its number, an output the units of earlier ones."""

    def __init__(self):
        super().__init__()
        self.level = nn.Embedding(LEVELS, NUMBERS)
        pixel = torch.arange(PIXELS)
        unit = torch.arange(UNITS) % (PIXELS - 1)
        inputs = pixel.repeat_interleave(NUMBERS)
        outputs = pixel.repeat_interleave(LEVELS)
        self.hidden = MaskedLinear(unit[:, None] >= inputs)
        self.output = MaskedLinear(outputs[:, None] > unit)
        self.direct = MaskedLinear(outputs[:, None] > inputs)
        self.dropout = nn.Dropout(PERCEPTRON_DROPOUT)

    def forward(self, x):
        e = self.dropout(self.level(x).flatten(1))
        h = self.dropout(torch.relu(self.hidden(e)))
        return (self.output(h) + self.direct(e)).unflatten(1, (PIXELS, LEVELS))


def build(model):
    if model == "convolution":
        return MaskedConvolution()
    if model == "perceptron":
        return MaskedPerceptron()
    if model == "digits":
        return PixelModel("gru", digits=True)
    return PixelModel(model)


# Training.


def contexts(x):
    """What came one pixel ago, and a row of pixels ago (N, 64); START where there is nothing."""
    edge = torch.full((len(x), SIDE), START)
    return torch.cat([edge[:, :1], x[:, :-1]], dim=1), torch.cat([edge, x[:, :-SIDE]], dim=1)


def scores_of(model, x, digit=None):
    if isinstance(model, PixelModel):
        return model(*contexts(x), torch.arange(PIXELS), digit)[0]
    return model(x)


def bits(model, x, digit=None):
    """Bits of every pixel (N, 64)."""
    x = torch.tensor(x)
    if digit is not None:
        digit = torch.as_tensor(digit).expand(len(x))
    model.eval()
    with torch.no_grad():
        scores = scores_of(model, x, digit)
    nats = nn.functional.cross_entropy(scores.transpose(1, 2), x, reduction="none")
    return (nats / np.log(2)).numpy()


def train(name, order, rate, k):
    """A network, its validation bits after each epoch, and its test images."""
    torch.set_num_threads(1)
    torch.manual_seed(k)
    rng = np.random.default_rng(k)
    training, validation, test = ordered(order, k)
    written = split()[1][0]
    model = build(name)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    batches = -(-len(training) // BATCH)
    epochs = DIGIT_EPOCHS if name == "digits" else EPOCHS
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, epochs * batches)
    curve, kept = [], None
    for _ in range(epochs):
        model.train()
        for rows in np.array_split(rng.permutation(len(training)), batches):
            x, digit = torch.tensor(training[rows]), None
            if name == "digits":
                told = rng.random(len(rows)) < 0.5
                digit = torch.tensor(np.where(told, written[rows], HIDE))
            scores = scores_of(model, x, digit)
            loss = nn.functional.cross_entropy(scores.transpose(1, 2), x)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        hidden = HIDE if name == "digits" else None
        curve.append(float(bits(model, validation, hidden).mean()))
        if curve[-1] == min(curve):
            kept = {key: value.clone() for key, value in model.state_dict().items()}
    model.load_state_dict(kept)
    return model, curve, test


def climb(model, loss):
    """Losses by setting, from the first on, until both neighbours of the best are worse."""
    factor = FACTOR.get(model, 2)
    found = {0: loss(FIRST[model])}  # by the power of the factor
    while len(found) < TRIALS:
        best = min(found, key=found.get)
        left = [power for power in (best - 1, best + 1) if power not in found]
        if not left:
            break
        found[left[0]] = loss(FIRST[model] * factor ** left[0])
        if found[best] - GAIN.get(model, 0) < found[left[0]] < found[best]:
            break
    return {FIRST[model] * factor**power: value for power, value in sorted(found.items())}


def network(name, order, rate, k):
    """One network's numbers: bits of each test image, of each place, of the validation images."""
    model, curve, test = train(name, order, rate, k)
    return {"curve": rounded(curve), "validation": min(curve), **scored(bits(model, test))}


def scored(found):
    return {"images": rounded(found.sum(axis=1), 2), "places": rounded(found.mean(axis=0))}


def rounded(values, digits=4):
    return [round(float(value), digits) for value in values]


# Simpler densities: probabilities (N, 64, 17) of the levels.


def independent(training):
    """How often each level occurs at each place, (64, 17)."""
    counts = np.stack([(training == k).sum(axis=0) for k in range(LEVELS)], axis=1) + 0.5
    return counts / counts.sum(axis=1, keepdims=True)


def nearest_context(training, x, sigma, reach=1.0, width=0.4, share=0.05):
    """From the next pixels of training images that were alike so far, near pixels above all."""
    rows, columns = np.divmod(np.arange(PIXELS), SIDE)
    distance = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    levels = np.arange(LEVELS)
    spread = np.exp(-np.abs(levels[:, None] - levels) / width)
    following = (spread / spread.sum(axis=1, keepdims=True))[training]
    p = np.empty((len(x), PIXELS, LEVELS))
    for t in range(PIXELS):
        root = np.exp(-distance[t, :t] / (2 * reach))
        a, b = x[:, :t] * root, training[:, :t] * root
        d = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        weight = np.exp(-(d - d.min(axis=1, keepdims=True)) / (2 * sigma**2))
        p[:, t] = weight / weight.sum(axis=1, keepdims=True) @ following[:, t]
    return (1 - share) * p + share * independent(training)


def neighbourhoods(x):
    """The 24 nearest earlier pixels, -1 outside, and the place (N 64, 26)."""
    framed = np.full((len(x), SIDE + 3, SIDE + 6), -1)
    framed[:, 3:, 3:-3] = x.reshape(-1, SIDE, SIDE)
    found = []
    for r, c in np.ndindex(SIDE, SIDE):
        above = framed[:, r : r + 3, c : c + 7].reshape(len(x), -1)
        left = framed[:, r + 3, c : c + 3]
        found.append(np.concatenate([above, left, np.tile([r, c], (len(x), 1))], axis=1))
    return np.stack(found, axis=1).reshape(len(x) * PIXELS, -1)


def boosted_trees(training, parts, rate):
    """Probabilities for some parts, from gradient-boosted trees with one class for each level."""
    trees = HistGradientBoostingClassifier(
        max_iter=round(30 / rate),
        learning_rate=rate,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        l2_regularization=20.0,
        early_stopping=False,
        random_state=0,
    )
    trees.fit(neighbourhoods(training), training.ravel())
    return [trees.predict_proba(neighbourhoods(x)).reshape(*x.shape, LEVELS) for x in parts]


def cost(p, x):
    """Bits of every pixel (N, 64)."""
    return -np.log2(np.take_along_axis(p, x[..., None], axis=2))[..., 0]


def simple(model):
    """The search of a density without a network, and its test images at the chosen setting."""
    training, *others = split()[0]
    if model == "independent":
        p = np.tile(independent(training), (len(others[1]), 1, 1))
        return {"trials": [], **scored(cost(p, others[1]))}
    found = {}

    def loss(setting):
        if model == "trees":
            p = boosted_trees(training, others, setting)
        else:
            p = [nearest_context(training, x, setting) for x in others]
        found[setting] = [cost(of, x) for of, x in zip(p, others, strict=True)]
        return float(found[setting][0].mean())

    trials = climb(model, loss)
    chosen = min(trials, key=trials.get)
    return {"trials": listed(trials), **scored(found[chosen][1])}


# The runs.


def listed(trials):
    return [[setting, round(value, 4)] for setting, value in trials.items()]


def told_digits(k, rate):
    """A GRU that may be told the digit: bits of the test images, hidden, told, and for each."""
    model, curve, test = train("digits", "rows", rate, k)
    each = np.stack([bits(model, test, digit).sum(axis=1) for digit in range(10)], axis=1)
    hidden = bits(model, test, HIDE).sum(axis=1)
    result = {"curve": rounded(curve), "hidden": rounded(hidden, 2)}
    result["digits"] = [rounded(row, 2) for row in each]
    if k:
        return result
    weights = {name: value.half().numpy() for name, value in model.state_dict().items()}
    return {**result, "weights": {"generation_digits": weights}}


def run(seed, model, order):
    if model in ("independent", "nearest", "trees"):
        return simple(model)
    if model == "digits":
        networks = [told_digits(k, FIRST[model]) for k in range(NETWORKS)]
        return {"weights": networks[0].pop("weights"), "networks": networks}
    trained = {}

    def loss(rate):
        trained[rate] = network(model, order, rate, 0)
        return trained[rate]["validation"]

    trials = climb(model, loss)
    rate = min(trials, key=trials.get)
    networks = [trained[rate], *(network(model, order, rate, k) for k in range(1, NETWORKS))]
    return {"trials": listed(trials), "rate": rate, "networks": networks}
