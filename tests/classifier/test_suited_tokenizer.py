import pytest

import textkit
from textkit.classifier.suited_tokenizer import suited_tokenizer
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.word_avg import WordAvgConfig

NAMES = [
    f"{start}{middle}{end}"
    for start in ("Ka", "Mo", "Be")
    for middle in ("li", "na")
    for end in ("ov", "ez", "sen", "ski")
]
CHINESE = ["很好吃,送得快", "太慢了,菜也凉", "味道很好", "难吃"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a good film", "bad"], "word-lower"),
        (NAMES, "character"),
        (NAMES[:19], "word-lower"),  # too few to tell
        ([*NAMES, "two words"], "character"),
        ([*NAMES, *(["two words"] * 4)], "word-lower"),
        (["yes", "no", "perhaps"] * 20, "word-lower"),  # values
        ([name.upper() for name in NAMES[:12]] + NAMES[:12], "word-lower"),
        (CHINESE, "character"),
        (["ありがとう", "ขอบคุณ"], "character"),
        (["감사 합니다 정말", "так себе фильм"], "word-lower"),
        (["the word 好 and others", "means good"], "word-lower"),
        ([["a", "list"], ["很", "好"]], "word-lower"),
        ([*NAMES * 5000], "word-lower"),
        (["", "12"], "word-lower"),
        ([], "word-lower"),
    ],
)
def test_what_suits_texts(texts, expected):
    assert suited_tokenizer(texts) == expected


def test_names_are_learned_by_their_characters(tmp_path):
    labels = [name[-2:] for name in NAMES]
    classifier = TextClassifier().fit(NAMES, labels)
    assert classifier.tokenizer_ == textkit.tokenizer("character")
    assert classifier.model_.config.ngrams == 4
    assert classifier.predict(["Tolirov", "Denaski"]).tolist() == ["ov", "ki"]
    classifier.save(tmp_path / "names")
    loaded = textkit.load(tmp_path / "names")
    assert loaded.predict(["Tolirov", "Denaski"]).tolist() == ["ov", "ki"]
    more = TextClassifier().fit(["a few words"] * 3 + ["others"] * 3, ["ov", "ki"] * 3, init=loaded)  # goes on as it is
    assert more.tokenizer_ == textkit.tokenizer("character")
    assert more.model_.config.ngrams == 4


def test_large_scripts_have_shorter_ngrams():
    # 300 different characters, all equally frequent, and no alphabet has so many
    texts = ["".join(chr(0x4E00 + (3 * i + 7 * j) % 300) for j in range(20)) for i in range(100)]
    classifier = TextClassifier().fit(texts, ["a", "b"] * 50)
    assert classifier.tokenizer_ == textkit.tokenizer("character")
    assert classifier.model_.config.ngrams == 3


def test_the_texts_tell_the_script_and_not_the_vocabulary():
    labels = ["a", "b"] * (len(NAMES) // 2)
    letters = [chr(code) for code in range(0x21, 0x17F) if chr(code).isprintable()]
    tokens = ["<pad>", "<unk>", *letters]
    vocabulary = textkit.Vocabulary(tokens, [0] * len(tokens), specials=["<pad>", "<unk>"])
    classifier = TextClassifier(vocabulary=vocabulary).fit(NAMES, labels)
    assert classifier.model_.config.ngrams == 4
    texts = ["".join(chr(0x4E00 + (3 * i + 7 * j) % 300) for j in range(20)) for i in range(100)]
    settings = textkit.ClassifierSettings(max_vocab=60)
    assert TextClassifier(settings=settings).fit(texts, ["a", "b"] * 50).model_.config.ngrams == 3
    assert TextClassifier(tokenizer="character").fit([*map(list, texts)], ["a", "b"] * 50).model_.config.ngrams == 3


def test_rare_signs_do_not_make_an_alphabet_a_large_script():
    texts = [f"{name}{chr(0x1F300 + number)}" for number, name in enumerate(NAMES * 10)]
    classifier = TextClassifier(tokenizer="character").fit(texts, ["a", "b"] * (len(texts) // 2))
    assert classifier.model_.config.ngrams == 4


def test_parts_of_names_are_all_learned_by_their_characters():
    labels = [name[-2:] for name in NAMES]
    classifier = TextClassifier().partial_fit(NAMES, labels)
    for _ in range(8):
        classifier.partial_fit(NAMES[:5], labels[:5])
    assert classifier.tokenizer_ == textkit.tokenizer("character")
    assert classifier.model_.config.ngrams == 4


def test_what_is_given_holds():
    labels = [name[-2:] for name in NAMES]
    words = TextClassifier(tokenizer="word-lower").fit(NAMES, labels)
    assert "kaliov" in words.vocabulary_
    assert words.model_.config.ngrams == 2
    pairs = TextClassifier(WordAvgConfig(ngrams=2)).fit(NAMES, labels)
    assert pairs.tokenizer_ == textkit.tokenizer("character")
    assert pairs.model_.config.ngrams == 2
    assert TextClassifier(tokenizer="character").fit(NAMES, labels).model_.config.ngrams == 4
