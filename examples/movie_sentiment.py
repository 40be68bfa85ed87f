"""Sort phrases of film reviews into five classes, from very negative to very positive, and write a submission file.

--data FOLDER has the trees of the Stanford Sentiment Treebank, train.txt and dev.txt, packed or not: each node is a
phrase with a class from 0 to 4. The bundled reviews are whole, with one to five stars but never three.
The submission has a line for each test phrase, its number and its class.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import typer

import textkit


def phrases(tree: str) -> Iterator[tuple[str, int]]:
    """Yield the phrase and the class of each node of a tree such as (3 (2 a) (4 (3 good) (2 film)))."""
    open_nodes: list[tuple[int, list[str]]] = []
    for token in re.findall(r"\(\d|\)|[^\s()]+", tree):
        if token.startswith("("):
            open_nodes.append((int(token[1]), []))
        elif token != ")":
            open_nodes[-1][1].append(token)
        else:
            stars, words = open_nodes.pop()
            yield " ".join(words), stars
            if open_nodes:
                open_nodes[-1][1].extend(words)


def read(folder: Path, part: str) -> list[tuple[str, int]]:
    trees = textkit.corpus(sorted(folder.glob(f"{part}.txt*")))
    return list(dict.fromkeys(phrase for tree in trees for phrase in phrases(str(tree))))  # each phrase once


def main(data: str = "reviews", out: str = "submission.csv", epochs: int = 5, plot: str | None = None) -> None:
    if Path(data).is_dir():
        train, test = (textkit.read_labeled(read(Path(data), part)) for part in ("train", "dev"))
    else:
        train, test = textkit.read_splits(data, label="stars" if data == "reviews" else None)
    classifier = textkit.TextClassifier("word_avg", settings=textkit.ClassifierSettings(epochs=epochs), seed=1)
    classifier.fit(train.texts, train.labels)
    print(classifier.evaluate(test.texts, test.labels))
    answers = pd.DataFrame({"PhraseId": range(1, len(test) + 1), "Sentiment": classifier.predict(test.texts)})
    answers.to_csv(out, index=False)
    print(f"{out}: {len(answers):,} answers\n{answers.head(3).to_csv(index=False)}", end="")
    if plot:
        classifier.evaluate(test.texts, test.labels).plot(plot)


if __name__ == "__main__":
    typer.run(main)
