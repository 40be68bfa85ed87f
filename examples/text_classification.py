"""Train a text classifier on a table of texts and labels, evaluate it, and explain a prediction.

python examples/text_classification.py                            # the reviews bundled with textkit
python examples/text_classification.py my_table.csv text label    # your own table, and the names of its columns
"""

import sys
import tempfile
from pathlib import Path

import textkit


def main(path: str = "reviews", text: str | None = None, label: str | None = None) -> None:
    table = textkit.read_labeled(path, text=text, label=label)
    texts, labels = table.texts, table.labels
    tested = set(range(0, len(texts), 5))  # every fifth text is used for testing
    learned = [row for row in range(len(texts)) if row not in tested]

    # Other models are "cnn", "bilstm" and "char_gru". A tenth of the training texts is held out to choose the weights.
    classifier = textkit.TextClassifier("word_avg", seed=1)
    classifier.fit([texts[row] for row in learned], [labels[row] for row in learned])
    print(classifier.evaluate([texts[row] for row in sorted(tested)], [labels[row] for row in sorted(tested)]))

    # Predict: labels, or the probability of each class.
    print(classifier.predict(texts[:3]), classifier.predict_proba(texts[:3]).round(3))

    # Explain: the contribution of each word to the score of the class.
    print(classifier.explain(texts[0]))

    # Save and load: a folder of plain files that loads on any machine.
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(Path(folder) / "model")
        again = textkit.load(Path(folder) / "model")
        assert (again.predict(texts) == classifier.predict(texts)).all()


if __name__ == "__main__":
    main(*sys.argv[1:])
