"""From a table of texts and labels to a classifier, its errors, and the reasons of a decision: the whole way.

python examples/text_classification.py                            # the reviews that come with textkit
python examples/text_classification.py my_table.csv text label    # your own table, and the names of its columns
"""

import sys
import tempfile
from pathlib import Path

import textkit


def main(path: str = "reviews", text: str | None = None, label: str | None = None) -> None:
    table = textkit.read_labeled(path, text=text, label=label)
    texts, labels = table.texts, table.labels
    tested = set(range(0, len(texts), 5))  # every fifth is not learned from
    learned = [row for row in range(len(texts)) if row not in tested]

    # "cnn", "bilstm" and "char_gru" are other models. A tenth of what is learned is held out to choose weights by.
    classifier = textkit.TextClassifier("word_avg", seed=1)
    classifier.fit([texts[row] for row in learned], [labels[row] for row in learned])
    print(classifier.evaluate([texts[row] for row in sorted(tested)], [labels[row] for row in sorted(tested)]))

    # Predict: labels, or the probability of each class.
    print(classifier.predict(texts[:3]), classifier.predict_proba(texts[:3]).round(3))

    # See why: what each word adds to the score of the class.
    print(classifier.explain(texts[0]))

    # Save and load: a folder of plain files, which loads on any machine.
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(Path(folder) / "model")
        again = textkit.load(Path(folder) / "model")
        assert (again.predict(texts) == classifier.predict(texts)).all()


if __name__ == "__main__":
    main(*sys.argv[1:])
