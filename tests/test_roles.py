"""The generated role corpus: every sentence keeps the rules that it promises."""

import numpy as np
import pytest

from rnnbook.tasks import roles


def spans(sentence):
    """{role: words} of one sentence."""
    found = {}
    for token, tag in zip(sentence.tokens, sentence.tags, strict=True):
        if tag != "O":
            found.setdefault(tag[2:], []).append(token)
    return found


@pytest.mark.parametrize("verb", roles.VERBS)
def test_every_construction_has_its_roles_and_a_well_formed_tagging(verb):
    rng, forms = np.random.default_rng(0), roles.VERBS[verb]
    for construction in roles.constructions(verb):
        for _ in range(20):
            s = roles.sentence(rng, verb, construction)
            assert s.tokens[s.predicate] in (forms.base, forms.past, forms.participle)
            assert s.tags[s.predicate] == "O"
            for before, tag in zip(["O", *s.tags], s.tags, strict=False):
                assert not tag.startswith("I-") or before[2:] == tag[2:]
            found = spans(s)
            assert ("ARG0" in found) == (construction != "short_passive")
            assert ("ARG2" in found) == forms.receives
            assert ("R-ARG0" in found) == construction.startswith("subject_") * (
                construction != "subject_question"
            )


def test_the_same_role_stands_before_and_after_the_verb():
    rng = np.random.default_rng(0)
    active, passive = (roles.sentence(rng, "see", c) for c in ("active", "passive"))
    assert active.tags.index("B-ARG0") < active.predicate < active.tags.index("B-ARG1")
    assert passive.tags.index("B-ARG1") < passive.predicate < passive.tags.index("B-ARG0")


def test_giver_and_receiver_are_two_people():
    rng = np.random.default_rng(0)
    for _ in range(100):
        found = spans(roles.sentence(rng, "give", "active"))
        assert found["ARG0"][-1] != found["ARG2"][-1]


FORMS = {form for verb in roles.VERBS.values() for form in (verb.base, verb.past, verb.participle)}


@pytest.mark.parametrize("construction", roles.CONSTRUCTIONS)
def test_a_nested_clause_adds_a_verb_without_roles_of_its_own(construction):
    rng = np.random.default_rng(0)
    for _ in range(50):
        s = roles.sentence(rng, "show", construction, nested=1)
        verbs = [t for t, word in enumerate(s.tokens) if word in FORMS]
        assert s.predicate in verbs
        assert len(verbs) == 2 or construction == "object_relative"  # "... was lost" is no verb
        other = [t for t in verbs if t != s.predicate]
        if construction != "subject_relative":  # its second verb ends the sentence
            assert all(s.tags[t].startswith("I-") for t in other), "inside an argument"
        else:
            assert all(s.tags[t] == "O" for t in other)
        assert set(spans(s)) <= set(roles.ROLES)


def test_without_nesting_there_is_one_verb():
    rng = np.random.default_rng(0)
    for s in roles.corpus(rng, roles.split(rng)[0], 200):
        assert sum(word in FORMS for word in s.tokens) == 1


@pytest.mark.parametrize("seed", range(5))
def test_unseen_pairs_are_unseen_and_every_construction_is_seen(seed):
    seen, unseen = roles.split(np.random.default_rng(seed))
    assert not set(seen) & set(unseen)
    assert len(seen) + len(unseen) == sum(len(roles.constructions(v)) for v in roles.VERBS)
    for construction in roles.CONSTRUCTIONS:
        assert sum(c == construction for _, c in seen) >= 3
    corpus = roles.corpus(np.random.default_rng(seed), unseen, 64)
    assert {(s.verb, s.construction) for s in corpus} == set(unseen)


def test_the_corpus_is_repeatable():
    pairs = [("give", "active"), ("see", "passive")]
    one, two = (roles.corpus(np.random.default_rng(3), pairs, 10) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: roles.constructions("fly"), "verb is 'fly'"),
        (lambda rng: roles.sentence(rng, "see", "dative_shift"), "construction is 'dative_shift'"),
        (lambda rng: roles.split(rng, held_out=5), "held_out is 5"),
        (lambda rng: roles.sentence(rng, "see", "active", nested=2), "nested is 2; expected"),
        (lambda rng: roles.sentence(rng, "see", "active", nested=np.nan), "nested is nan; expe"),
        (lambda rng: roles.corpus(rng, [], 3), "pairs is empty"),
        (lambda rng: roles.corpus(rng, ["see"], 3), r"pairs\[0\] is 'see'; expected \(verb, const"),
        (lambda rng: roles.corpus(rng, [("see",)], 3), r"pairs\[0\] is \('see',\); expected"),
        (lambda rng: roles.corpus(rng, [("see", "active")], 0), "size is 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))


@pytest.mark.parametrize(
    "call",
    [
        lambda rng: roles.split(rng),
        lambda rng: roles.sentence(rng, "see", "active"),
        lambda rng: roles.corpus(rng, [("see", "active")], 2),
    ],
)
def test_a_seed_is_no_generator(call):
    with pytest.raises(TypeError, match=r"rng is 6; expected .*np.random.default_rng\(6\)"):
        call(6)
