import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkit.evaluation import analogies
from textkit.evaluation.analogies import evaluate_analogies
from textkit.vectors.word_vectors import WordVectors

# one direction for sex, one for rank: king - man + woman is queen
ROYAL = WordVectors(
    ["man", "woman", "king", "queen", "apple"],
    [[1, 0, 0.2], [0, 1, 0.2], [1, 0, 1.2], [0, 1, 1.2], [-1, -1, 0.1]],
)
QUESTION = ("man", "king", "woman", "queen")
WORDS = [f"w{i}" for i in range(60)]


def random_vectors(seed, words=WORDS, dim=8):
    return WordVectors(words, np.random.default_rng(seed).normal(size=(len(words), dim)))


def random_questions(seed, count, words=WORDS):
    generator = np.random.default_rng(seed)
    return [tuple(words[i] for i in generator.choice(len(words), 4, replace=False)) for _ in range(count)]


def slow_answer(vectors, question, method, size, fold):
    """The definition, one word at a time: the word answered, or None if the question cannot be asked."""
    vocabulary = {}
    for word in vectors.words[:size]:
        vocabulary.setdefault(word.lower() if fold else word, vectors[word].astype(np.float64))
    a, b, c, d = (word.lower() if fold else word for word in question)
    if not {a, b, c, d} <= set(vocabulary):
        return None

    def cosine(x, y):
        return (x @ y) / (np.linalg.norm(x) * np.linalg.norm(y))

    best, answer = -math.inf, None
    for word, vector in vocabulary.items():
        if word in (a, b, c):
            continue
        to_a, to_b, to_c = (cosine(vector, vocabulary[other]) for other in (a, b, c))
        if method == "3cosadd":
            score = to_b - to_a + to_c
        else:
            score = (to_b + 1) / 2 * (to_c + 1) / 2 / ((to_a + 1) / 2 + 0.001)
        if score > best:
            best, answer = score, word
    return answer


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_king_less_man_plus_woman_is_queen(method):
    report = evaluate_analogies(ROYAL, [QUESTION, ("man", "king", "woman", "apple")], method=method)
    assert (report.total.asked, report.total.correct, report.total.accuracy) == (2, 1, 0.5)


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
@pytest.mark.parametrize("size", [60, 30])
def test_the_batched_answers_are_those_of_the_definition(method, size, monkeypatch):
    monkeypatch.setattr(analogies, "_CHUNK", 7)
    vectors = random_vectors(0)
    # chance is rarely right, so half of the questions are given the definition's answer as their fourth word:
    # the sections "right", "wrong" and "unknown" must each come out pure
    named = {"right": [], "wrong": [], "unknown": []}
    for number, question in enumerate(random_questions(1, 200)):
        answer = slow_answer(vectors, question, method, size, True)
        if answer is None:
            named["unknown"].append(question)
        elif number % 2:
            named["right"].append((*question[:3], answer))
        else:
            named["right" if answer == question[3] else "wrong"].append(question)
    assert len(named["right"]) > 5
    report = evaluate_analogies(vectors, named, method=method, vocabulary_size=size)
    for section in report.sections:
        count = len(named[section.name])
        assert (section.asked, section.correct, section.skipped) == {
            "right": (count, count, 0),
            "wrong": (count, 0, 0),
            "unknown": (0, 0, count),
        }[section.name]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), method=st.sampled_from(["3cosadd", "3cosmul"]), fold=st.booleans())
def test_counts_are_those_of_the_definition_with_mixed_case(seed, method, fold):
    words = ["A", "a", "B", "c", "C", "d", "E", "e", "f", "G", "h", "H"]
    vectors = random_vectors(seed, words, dim=3)
    questions = random_questions(seed, 30, words)
    answers = [slow_answer(vectors, question, method, 10, fold) for question in questions]
    report = evaluate_analogies(vectors, questions, method=method, vocabulary_size=10, case="fold" if fold else "exact")
    assert report.total.skipped == answers.count(None)
    right = [
        answer is not None and answer == (question[3].lower() if fold else question[3])
        for question, answer in zip(questions, answers, strict=True)
    ]
    assert report.total.correct == sum(right)
    assert report.total.asked == 30 - answers.count(None)


def test_the_words_of_the_question_are_no_answers():
    vectors = WordVectors(["a", "b", "c", "d"], [[1, 0], [1, 0.01], [1, 0.02], [-1, 0]])
    assert evaluate_analogies(vectors, [("a", "b", "c", "d")]).total.correct == 1
    assert evaluate_analogies(vectors, [("a", "b", "c", "c")]).total.correct == 0


def test_what_cannot_be_asked_is_counted():
    report = evaluate_analogies(ROYAL, {"known": [QUESTION], "unknown": [("man", "king", "girl", "princess")]})
    assert [(s.asked, s.skipped) for s in report.sections] == [(1, 0), (0, 1)]
    assert math.isnan(report.sections[1].accuracy)
    assert (report.total.asked, report.total.skipped, report.total.accuracy) == (1, 1, 1.0)


def test_nothing_to_ask_is_a_report_without_accuracy():
    report = evaluate_analogies(ROYAL, [("x", "y", "z", "w")])
    assert math.isnan(report.total.accuracy)
    assert " - " in str(report)


def test_a_smaller_vocabulary_neither_asks_nor_answers_with_the_rest():
    assert evaluate_analogies(ROYAL, [QUESTION], vocabulary_size=4).total.asked == 1
    five = WordVectors(["apple", "man", "woman", "king", "queen"], ROYAL.matrix[[4, 0, 1, 2, 3]])
    assert evaluate_analogies(five, [QUESTION], vocabulary_size=4).total.skipped == 1


def test_case():
    upper = [tuple(word.upper() for word in QUESTION)]
    assert evaluate_analogies(ROYAL, upper).total.asked == 1
    assert evaluate_analogies(ROYAL, upper, case="exact").total.skipped == 1


def test_semantic_and_syntactic_sums():
    sections = {"family": [QUESTION], "gram1-x": [QUESTION, ("man", "king", "x", "y")]}
    report = evaluate_analogies(ROYAL, sections)
    assert (report.semantic.asked, report.syntactic.asked, report.syntactic.skipped) == (1, 1, 1)
    only = evaluate_analogies(ROYAL, {"family": [QUESTION]})
    assert only.semantic is None
    assert only.syntactic is None


def test_a_frame_has_a_row_a_section_and_the_text_fits_eighty_columns():
    report = evaluate_analogies(ROYAL, {"family": [QUESTION], "gram9-" + "long" * 20: [QUESTION]})
    frame = report.to_frame()
    assert list(frame["section"])[-3:] == ["semantic", "syntactic", "total"]
    assert list(frame["asked"]) == [1, 1, 1, 1, 2]
    assert all(len(line) <= 80 for line in str(report).splitlines())
    assert "skipped" in str(report)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "cosine"}, "method must be one of 3cosadd, 3cosmul, got 'cosine'"),
        ({"vocabulary_size": 3}, "vocabulary_size must be at least 4 words, got 3"),
        ({"case": "upper"}, "case must be one of fold, exact"),
        ({"questions": []}, "at least one question"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate_analogies(ROYAL, **{"questions": [QUESTION], **arguments})


def test_gensim_counts_the_same(tmp_path):
    gensim = pytest.importorskip("gensim.models.keyedvectors")
    generator = np.random.default_rng(4)
    # pairs that lie apart in one direction, with noise: about half of the answers are right
    starts = generator.normal(size=(30, 10))
    ends = starts + generator.normal(size=10) + generator.normal(scale=0.6, size=(30, 10))
    words = [f"{side}{i}" for i in range(30) for side in ("start", "end")]
    matrix = np.stack([starts, ends], axis=1).reshape(60, 10).astype(np.float32)
    questions = [(f"start{i}", f"end{i}", f"start{j}", f"end{j}") for i in range(31) for j in range(0, 30, 3) if i != j]
    path = tmp_path / "questions.txt"
    path.write_text(": x\n" + "".join(" ".join(question) + "\n" for question in questions))
    theirs = gensim.KeyedVectors(vector_size=10)
    theirs.add_vectors(words, matrix)
    accuracy, sections = theirs.evaluate_word_analogies(str(path), restrict_vocab=50)
    total = evaluate_analogies(WordVectors(words, matrix), path, vocabulary_size=50).total
    assert 0.1 < accuracy < 0.95
    assert total.correct == len(sections[0]["correct"])
    assert total.asked == len(sections[0]["correct"]) + len(sections[0]["incorrect"])
    assert total.accuracy == accuracy
