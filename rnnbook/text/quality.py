"""What can be counted in generated text: form, rhyme, repetition, and what was copied."""

from collections.abc import Mapping, Sequence

from rnnbook._check import check_sizes


def is_quatrain(poem: str) -> bool:
    """Four lines of five characters, ended by comma, full stop, comma, full stop.

    >>> is_quatrain("床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。")
    True
    >>> is_quatrain("床前明月光，疑是地上霜。")
    False
    """
    lines, ends = [poem[i : i + 5] for i in (0, 6, 12, 18)], poem[5::6]
    full = all(len(line) == 5 and not set(line) & set("，。？！；、\n") for line in lines)
    return len(poem) == 24 and full and all(end in "，。？！；" for end in ends)


def rhymes(poem: str, classes: Mapping[str, set[str]]) -> bool | None:
    """Whether the second and the fourth line of a quatrain end in one rhyme class.

    `classes` is `rnnbook.data.load_rhymes()`; None where it lacks one of the two characters.

    >>> rhymes("床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。", {"霜": {"陽"}, "鄉": {"陽"}})
    True
    """
    if not is_quatrain(poem):
        raise ValueError(f"poem is {poem!r}; expected four lines of five characters")
    second, fourth = poem[10], poem[22]
    if second not in classes or fourth not in classes:
        return None
    return bool(classes[second] & classes[fourth])


def distinct_share(sequences: Sequence[Sequence], n: int) -> float:
    """Distinct n-grams as a share of all n-grams of several sequences (Li et al. 2016).

    >>> distinct_share(["abab", "abc"], 2)  # ab, ba, ab, ab, bc
    0.6
    """
    check_sizes(n=n)
    found = [tuple(s[i : i + n]) for s in sequences for i in range(len(s) - n + 1)]
    if not found:
        raise ValueError(f"sequences has no run of {n} tokens; expected at least one")
    return len(set(found)) / len(found)


def longest_copied_run(text: str, corpus: str) -> int:
    """Length of the longest piece of `text` that stands in `corpus`.

    >>> longest_copied_run("a bright moon", "the moon was bright")
    7
    """
    longest = 0
    for start in range(len(text)):
        while start + longest < len(text) and text[start : start + longest + 1] in corpus:
            longest += 1
    return longest
