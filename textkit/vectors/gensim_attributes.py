"""Name our method where gensim's name for it is given."""

from typing import NoReturn

ATTRIBUTES = {
    "add_vector": "WordVectors are immutable: create new ones",
    "add_vectors": "WordVectors are immutable: create new ones",
    "cosine_similarities": "use similarities",
    "distance": "use 1 - similarity(a, b)",
    "distances": "use 1 - similarities(query, words)",
    "evaluate_word_analogies": "use textkit.evaluate_analogies(vectors, questions)",
    "evaluate_word_pairs": "use textkit.evaluate_similarity(vectors, pairs)",
    "fill_norms": "leave it out",
    "get_index": "use index",
    "get_mean_vector": "use embed_texts([words])",
    "get_normed_vectors": "use unit",
    "get_sentence_vector": "use embed_texts([words])",
    "get_vecattr": "use counts",
    "get_vector": "use vectors[word]",
    "has_index_for": "use word in vectors",
    "index2entity": "use words",
    "index2word": "use words",
    "index_to_key": "use words",
    "init_sims": "leave it out",
    "intersect_word2vec_format": "use train_word2vec(..., init=vectors)",
    "key_to_index": "use index(word)",
    "load_word2vec_format": "use load",
    "most_similar_cosmul": "use analogy(a, b, c, method='3cosmul')",
    "most_similar_to_given": "use most_similar(word, k=1, restrict=words)",
    "rank_by_centrality": "use doesnt_match, or most_similar(vectors[words].mean(axis=0), restrict=words)",
    "relative_cosine_similarity": "use relative_cosine",
    "save_word2vec_format": "use save",
    "similar_by_key": "use most_similar",
    "similar_by_vector": "use most_similar",
    "similar_by_word": "use most_similar",
    "sort_by_descending_frequency": "leave it out: trained vectors are sorted",
    "unit_normalize_all": "use unit",
    "vector_size": "use dim",
    "vectors": "use matrix",
    "vectors_for_all": "use subset(words, missing='skip')",
    "vocab": "use words, index(word) and counts",
    "wmdistance": "use wmd",
    "word_vec": "use vectors[word]",
    "words_closer_than": "use closer_than",
    "wv": "the vectors are the object itself",
}
"""What to do instead, for each attribute of gensim's vectors that ours do not have."""


def gensim_attribute(self: object, name: str) -> NoReturn:
    """Raise the error for an attribute that an object does not have; it says what to write instead of gensim's.

    Raises:
        AttributeError: Always.
    """
    remedy = f", which is gensim's name; {ATTRIBUTES[name]}" if name in ATTRIBUTES else ""
    raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{remedy}", name=name, obj=self)
