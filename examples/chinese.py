"""Cut Chinese text into words with jieba, train word vectors on them, and classify.

Chinese has no spaces: jieba finds the words. The bundled quatrains have no labels, so the classifier tells the couplets
that open a poem from those that close it. Expect the accuracy of each, where guessing has 0.5.
--data waimai has reviews of take-away food; your own table needs --text COLUMN --label COLUMN. Needs textkit[chinese].
"""

import logging

import pandas as pd
import typer

import textkit

logging.getLogger("jieba").setLevel(logging.WARNING)


def couplets() -> list[tuple[str, str]]:
    poems = [str(poem).split("。") for poem in textkit.corpus("quatrains")]
    return [pair for first, second, _ in poems for pair in ((first, "opens"), (second, "closes"))]


def main(data: str = "quatrains", text: str | None = None, label: str | None = None, plot: str | None = None) -> None:
    train, test = textkit.read_splits(couplets() if data == "quatrains" else data, text=text, label=label)
    print("/".join(textkit.tokenizer("jieba")(str(train.texts[0]))))
    vectors = textkit.train_word2vec(
        train.texts, tokenizer="jieba", dim=50, min_count=2, epochs=20, seed=1, progress=False
    )
    for word in [word for word in vectors.words if len(word) > 1][:3]:
        print(word, *(f"{near} {cosine:.2f}" for near, cosine in vectors.most_similar(word, k=5)))
    rows = {}
    for name, tokenizer, start in (
        ("characters", "character", None),
        ("jieba words", "jieba", None),
        ("jieba words, vectors", "jieba", vectors),
    ):
        classifier = textkit.TextClassifier("word_avg", vectors=start, tokenizer=tokenizer, seed=1)
        result = classifier.fit(train.texts, train.labels).evaluate(test.texts, test.labels)
        rows[name] = {
            "accuracy": result.accuracy,
            "macro F1": result.macro_f1,
            "low": result.interval[0],
            "high": result.interval[1],
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    print(table.to_string(float_format="{:.3f}".format))
    if plot:
        result.plot(plot)


if __name__ == "__main__":
    typer.run(main)
