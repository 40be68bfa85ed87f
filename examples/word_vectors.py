"""Train word vectors on a text file, look up nearest neighbors, and evaluate them.

python examples/word_vectors.py                     # the tales bundled with textkit
python examples/word_vectors.py my_corpus.txt       # your own text, one document per line
"""

import sys
import tempfile
from pathlib import Path

import textkit


def main(path: str | None = None) -> None:
    corpus = textkit.corpus(Path(path)) if path else textkit.corpus("tales")

    # The tokenizer lowercases and separates punctuation. The same seed gives the same bytes with any number of threads.
    vectors = textkit.train_word2vec(
        corpus, tokenizer="word-lower", dim=50, window=5, min_count=5, epochs=30, subsample=1e-3, seed=1
    )
    print(vectors)

    # Nearest neighbors. On a small corpus, expect related words rather than synonyms.
    for word in vectors.words[100:103]:
        neighbors = ", ".join(f"{neighbor} {cosine:.2f}" for neighbor, cosine in vectors.most_similar(word, k=5))
        print(f"{word}: {neighbors}")

    # Evaluate. Your own file has two words and a score on each line; "wordsim353" is a public data set.
    related = [("sea", "ship"), ("baker", "bread"), ("emperor", "crown"), ("fisherman", "boat"), ("gold", "silver")]
    unrelated = [("moon", "bread"), ("ship", "flour"), ("emperor", "salt"), ("bell", "fish"), ("door", "eel")]
    judgments = [(a, b, 8.0) for a, b in related] + [(a, b, 1.0) for a, b in unrelated]
    print(textkit.evaluate_similarity(vectors, judgments))

    # Save and load: .safetensors files are memory-mapped; other programs read .txt, .bin and .vec.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.safetensors"
        vectors.save(file)
        assert (textkit.WordVectors.load(file).matrix == vectors.matrix).all()
        vectors.save(Path(folder) / "vectors.txt")

    # Use them in a network: the rows are in the order of your own vocabulary.
    vocabulary = textkit.Vocabulary.from_counts({"king": 3, "queen": 2}, specials=["<pad>", "<unk>"])
    embedding = vectors.to_embedding(vocabulary, freeze=True)
    print(embedding)


if __name__ == "__main__":
    main(*sys.argv[1:])
