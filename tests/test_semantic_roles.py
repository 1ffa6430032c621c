"""The taggers of the semantic roles, and their page as a reader runs it with a corpus at hand."""

import nbformat
import numpy as np
import pycrfsuite
import pytest
import torch
from IPython.core.inputtransformer2 import TransformerManager
from matplotlib import pyplot as plt

import experiments
from rnnbook.data.conllu import read_propositions

PAGE = experiments.ROOT / "chapters" / "applications" / "language" / "semantic-roles.ipynb"

# Sentences of our own in the layouts of the Universal Propositions, version 1: English, and the
# other languages. Columns are between bars, so that those which are empty can be seen.
ENGLISH = """\
# sent_id = own-1
# text = The girl gave the boy a book and left .
1|The|the|DET|DT|_|2|det|2:det|_|_|_|_
2|girl|girl|NOUN|NN|_|3|nsubj|3:nsubj|_|_|ARG0|ARG0
3|gave|give|VERB|VBD|_|0|root|0:root|_|give.01|V|_
4|the|the|DET|DT|_|5|det|5:det|_|_|_|_
5|boy|boy|NOUN|NN|_|3|iobj|3:iobj|_|_|ARG2|_
6|a|a|DET|DT|_|7|det|7:det|_|_|_|_
7|book|book|NOUN|NN|_|3|obj|3:obj|_|_|ARG1|_
8|and|and|CCONJ|CC|_|9|cc|9:cc|_|_|_|_
9|left|leave|VERB|VBD|_|3|conj|3:conj|_|leave.01|_|V
10|.|.|PUNCT|.|_|3|punct|3:punct|_|_|_|_

# propbank = no-up
# sent_id = own-2
# text = Good book
1|Good|good|ADJ|JJ|_|2|amod|2:amod|_=||
2|book|book|NOUN|NN|_|0|root|0:root|_=||

# sent_id = own-3
# text = No verb here .
1|No|no|DET|DT|_|2|det|2:det|_|_|_
2|verb|verb|NOUN|NN|_|0|root|0:root|_|_|_
3|here|here|ADV|RB|_|2|advmod|2:advmod|_|_|_
4|.|.|PUNCT|.|_|2|punct|2:punct|_|_|_
"""
OTHER = """\
# sent_id own-1
1|Das|das|DET|ART|_|2|det|_|_|_|_
2|Kind|Kind|NOUN|NN|_|3|nsubj|_|_|A0|A0
3|liest|lesen|VERB|VVFIN|_|0|root|Y|read.01|_|_
4|abends|abends|ADV|ADV|_|3|advmod|_|_|AM-TMP|_
5|und|und|CONJ|KON|_|6|cc|_|_|_|_
6|schläft|schlafen|VERB|VVFIN|_|3|conj|Y|sleep.01|_|_
7|.|.|PUNCT|$.|_|3|punct|_|_|_|_

# sent_id own-2
1|Viene|venir|VERB|VERB|_|0|root|Y|come.01|_
2-3|del|_|_|_|_|_|_|_|_
2|de|de|ADP|ADP|_|4|case|_|_|_
3|el|el|DET|DET|_|4|det|_|_|_
4|mercado|mercado|NOUN|NOUN|_|1|nmod|_|_|A3

# sent_id own-3
1|Guten|gut|ADJ|ADJA|_|2|amod|_|_
2|Abend|Abend|NOUN|NN|_|0|root|_|_
"""


@pytest.fixture(scope="module")
def script():
    return experiments.load(experiments.FOLDER / "semantic_roles.py")


@pytest.fixture(scope="module")
def rival():
    return experiments.load(experiments.FOLDER / "semantic_roles_crf.py")


@pytest.fixture(scope="module")
def words():
    return experiments.load(experiments.FOLDER / "semantic_roles_words.py")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """A folder for each layout, with three files as a corpus has them."""
    folders = {}
    for name, text in (("en", ENGLISH), ("de", OTHER)):
        folder = folders[name] = tmp_path_factory.mktemp(name)
        for part, copies in (("train", 40), ("dev", 5), ("test", 5)):
            content = "\n".join([text.replace("|", "\t")] * copies)
            (folder / f"{name}-up-{part}.conllu").write_text(content, "utf-8")
    return folders


@pytest.mark.parametrize("direction", ["left", "right", "both"])
def test_padding_changes_nothing_but_rounding(script, direction):
    some = script.sentences(0, 2)[0]
    encode = script.encoder(script.Vocabulary.build([s.tokens for s in some]))
    inputs, mask, _ = encode(some)
    tagger = script.Tagger(99, direction, True).eval()
    wide = torch.nn.functional.pad(inputs, (0, 0, 0, 5)), torch.nn.functional.pad(mask, (0, 5))
    with torch.no_grad():
        short, long = tagger(inputs, mask)[mask], tagger(*wide)[:, : mask.shape[1]][mask]
    torch.testing.assert_close(long, short, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("direction", "reached"), [("left", [2, 3]), ("right", [0, 1, 2]), ("both", [0, 1, 2, 3])]
)
def test_a_reader_knows_the_words_of_its_direction(script, direction, reached):
    torch.manual_seed(0)
    tagger = script.Tagger(9, direction, True).eval()
    inputs = torch.tensor([[[2, 0], [3, 1], [4, 0], [5, 0]]])
    changed = inputs.clone()
    changed[0, 2, 0] = 6
    with torch.no_grad():
        pair = [tagger(x, torch.ones(1, 4, dtype=bool))[0] for x in (inputs, changed)]
    assert (pair[0] != pair[1]).any(dim=1).nonzero().ravel().tolist() == reached


def test_the_weights_of_crfsuite_give_the_tags_of_crfsuite(rival, tmp_path):
    some = rival.base.sentences(0, 60)[0]
    plain, best = rival.fitted(some, 0.1)(some[:20])
    trainer = pycrfsuite.Trainer(verbose=False)
    for s in some:
        trainer.append([list(row) for row in rival.base.features(s)], s.tags)
    options = {"feature.possible_states": True, "feature.possible_transitions": True}
    trainer.set_params({"c2": 0.1, "max_iterations": rival.ITERATIONS} | options)
    trainer.train(str(tmp_path / "own"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "own"))
    assert plain == [tagger.tag([list(row) for row in rival.base.features(s)]) for s in some[:20]]
    tagger.close()
    for tags in best:
        assert all(
            tag[0] != "I" or before[2:] == tag[2:]
            for before, tag in zip(["O", *tags], tags, strict=False)
        )


def test_the_regression_of_crfsuite_sees_each_word_alone(words, tmp_path):
    base = words.base
    some = base.sentences(0, 20)[0]
    plain, best = words.fitted(some, 0.1)(some[:10])
    trainer = pycrfsuite.Trainer(verbose=False)
    pairs = [(list(row), t) for s in some for row, t in zip(base.features(s), s.tags, strict=True)]
    for row, tag in pairs:
        trainer.append([row], [tag])
    trainer.set_params(
        {"c2": 0.1, "max_iterations": words.ITERATIONS, "feature.possible_states": True}
    )
    trainer.train(str(tmp_path / "own"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "own"))
    assert plain == [[tagger.tag([list(row)])[0] for row in base.features(s)] for s in some[:10]]
    # At the optimum of a regression each tag is expected as often as it is there.
    bias = dict.fromkeys(tagger.labels(), 0.0)
    for row, _ in pairs:
        tagger.set([row])
        for tag in bias:
            bias[tag] += tagger.marginal(tag, 0)
    weights = tagger.info().state_features
    for tag, expected in bias.items():
        there = sum(t == tag for _, t in pairs)
        np.testing.assert_allclose(there - expected, 0.2 * weights["bias", tag], atol=0.05)
    tagger.close()
    assert all(
        tag[0] != "I" or before[2:] == tag[2:]
        for tags in best
        for before, tag in zip(["O", *tags], tags, strict=False)
    )


def test_the_search_climbs_to_the_best_penalty_and_never_asks_twice(rival, monkeypatch):
    some, asked = rival.base.sentences(0, 30)[0], []

    def fitted(training, penalty):
        asked.append(round(2 * np.log10(penalty)))
        wrong = abs(asked[-1] + 8)  # none at 0.0001
        tags = [["O"] * len(s.tokens) if k < wrong else s.tags for k, s in enumerate(some)]
        return lambda _: (tags, tags)

    monkeypatch.setattr(rival, "for_choosing", lambda size: (some, some))
    monkeypatch.setattr(rival, "fitted", fitted)
    rival.chosen.cache_clear()
    found = rival.chosen(150)
    rival.chosen.cache_clear()
    assert np.isclose(found["penalty"], 1e-4)
    assert sorted(asked) == [-9, -8, -7, -6, -5] and len(found["tried"]) == 5


def test_both_layouts_are_read_whole(corpora):
    give, leave = read_propositions(corpora["en"] / "en-up-dev.conllu")[:2]
    assert give.tags[:7] == ["B-ARG0", "I-ARG0", "O", "B-ARG2", "I-ARG2", "B-ARG1", "I-ARG1"]
    assert leave.tags == ["B-ARG0", "I-ARG0", *["O"] * 8]
    read, sleep, come = read_propositions(corpora["de"] / "de-up-dev.conllu")[:3]
    assert read.tags == ["B-A0", "I-A0", "O", "B-AM-TMP", "O", "O", "O"]
    assert (sleep.roleset, sleep.predicate) == ("sleep.01", 5)
    assert come.tags == ["O", "B-A3", "I-A3", "I-A3"]


def test_the_page_runs_to_its_end_with_a_corpus(corpora, capsys, monkeypatch, script):
    """Every cell as it stands, with FOLDER set; then the other layout through the same cells."""
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    names = {"__name__": "__main__"}
    unset = 0
    for cell in nbformat.read(PAGE, 4).cells:
        if cell.cell_type == "code" and "install" not in cell.metadata.get("tags", []):
            source = cell.source
            unset += source.startswith("FOLDER = None")
            source = source.replace("FOLDER = None", f"FOLDER = {str(corpora['en'])!r}")
            code = TransformerManager().transform_cell(source)
            exec(compile(code, f"cell {cell.id}", "exec"), names)
    printed = capsys.readouterr().out
    assert unset == 1, "one variable is to be set, FOLDER"
    assert "train 80 predicates in 40 sentences" in printed
    assert "7 tags, 7 of this page's 17" in printed and "test: F1 " in printed
    corpus = names["read_corpus"](corpora["de"])
    assert names["study"](corpus, passes=1) >= 0
    assert "6 tags, 1 of this page's 17" in capsys.readouterr().out
    # What the page shows is what the records measured.
    parts = script.sentences(0, 150)
    assert list(names["draw"](150).values()) == parts
    for s in parts[0][:20]:
        rows = zip(names["features"](s), script.features(s), strict=True)
        assert all(len(shown) == len(set(shown)) and set(shown) == set(row) for shown, row in rows)
        assert names["by_position"](s) == script.by_position(s, voice=True)
