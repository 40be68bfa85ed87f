import gzip
import os
import zipfile

import pytest
import torch

from textkit.compat.torchtext import pretrained_vectors
from textkit.compat.torchtext.pretrained_vectors import CharNGram, FastText, GloVe, Vectors, pretrained_aliases

TEXT = "the 1 2\ncat 3 4\nThe 5 6\n"


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def no_download(monkeypatch):
    """Record what would be downloaded, and write a file of vectors instead."""
    files = []

    def download(file, folder):
        files.append((file.path, file.address, file.member))
        folder.mkdir(parents=True, exist_ok=True)
        opened = gzip.open if file.path.endswith(".gz") else open
        with opened(folder / file.path, "wt") as target:
            target.write(TEXT)
        return folder / file.path

    monkeypatch.setattr(pretrained_vectors, "download", download)
    return files


def test_a_file(tmp_path, cache):
    (tmp_path / "my.txt").write_text(TEXT)
    vectors = Vectors(tmp_path / "my.txt", cache=cache)
    assert (vectors.itos, vectors.stoi, vectors.dim) == (["the", "cat", "The"], {"the": 0, "cat": 1, "The": 2}, 2)
    assert (len(vectors), "cat" in vectors, "dog" in vectors) == (3, True, False)
    assert vectors.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert vectors["cat"].tolist() == [3, 4]
    assert vectors["dog"].tolist() == [0, 0]
    vectors.vectors[0] = 9  # programs write into it
    assert Vectors(tmp_path / "my.txt", cache=cache)["the"].tolist() == [1, 2]


def test_several_tokens_and_lower_case(tmp_path, cache):
    (tmp_path / "my.vec").write_text(f"3 2\n{TEXT}")
    vectors = Vectors(str(tmp_path / "my.vec"), cache=str(cache))
    assert vectors.get_vecs_by_tokens("cat").tolist() == [3, 4]
    assert vectors.get_vecs_by_tokens(["The", "CAT"]).tolist() == [[5, 6], [0, 0]]
    assert vectors.get_vecs_by_tokens(["The", "CAT"], lower_case_backup=True).tolist() == [[5, 6], [3, 4]]
    assert vectors.get_vecs_by_tokens("CAT", lower_case_backup=True).tolist() == [3, 4]
    with pytest.raises(ValueError, match="at least one token"):
        vectors.get_vecs_by_tokens([])


def test_unknown_words_are_filled_and_few_vectors_read(tmp_path, cache):
    (tmp_path / "my.txt").write_text(TEXT)
    vectors = Vectors(tmp_path / "my.txt", cache=cache, unk_init=lambda empty: empty.fill_(7), max_vectors=1)
    assert vectors.itos == ["the"]
    assert vectors["cat"].tolist() == [7, 7]
    assert len(Vectors(tmp_path / "my.txt", cache=cache)) == 3


def test_a_text_is_read_once_until_it_changes(tmp_path, cache):
    source = tmp_path / "my.txt"
    source.write_text(TEXT)
    Vectors(source, cache=cache)
    copy = cache / "my.txt.safetensors"
    assert copy.is_file()
    source.write_text("new 1 2\n")
    os.utime(source, ns=(0, copy.stat().st_mtime_ns - 1))
    assert Vectors(source, cache=cache).itos == ["the", "cat", "The"]
    assert Vectors(source, cache=cache, max_vectors=1).itos == ["the"]
    os.utime(source, ns=(0, copy.stat().st_mtime_ns + 1))
    assert Vectors(source, cache=cache).itos == ["new"]
    source.unlink()
    assert Vectors("my.txt", cache=cache).itos == ["new"]


def test_other_formats_are_read_as_textkit_does(tmp_path, cache):
    from textkit.vectors.word_vectors import WordVectors

    WordVectors(["a b", "c"], [[1, 2], [3, 4]]).save(tmp_path / "v.safetensors")
    assert Vectors(tmp_path / "v.safetensors", cache=cache).itos == ["a b", "c"]
    WordVectors(["a", "c"], [[1, 2], [3, 4]]).save(tmp_path / "v.bin")
    assert Vectors(tmp_path / "v.bin", cache=cache)["c"].tolist() == [3, 4]
    (tmp_path / "numberbatch-en").write_text(TEXT)
    assert Vectors(tmp_path / "numberbatch-en", cache=cache)["cat"].tolist() == [3, 4]


def test_names_of_glove_and_fasttext(cache, no_download):
    GloVe("6B", dim=50, cache=cache)
    GloVe(name="840B", dim="300", cache=cache)
    GloVe("twitter.27B", 25, cache=cache)
    FastText(cache=cache)
    FastText("simple", cache=cache, url="https://example.org/mirror/wiki.simple.vec.gz")
    glove = "https://nlp.stanford.edu/data/glove"
    assert no_download == [
        ("glove.6B.50d.txt", f"{glove}.6B.zip", "glove.6B.50d.txt"),
        ("glove.840B.300d.txt", f"{glove}.840B.300d.zip", "glove.840B.300d.txt"),
        ("glove.twitter.27B.25d.txt", f"{glove}.twitter.27B.zip", "glove.twitter.27B.25d.txt"),
        ("wiki.en.vec", "https://dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.en.vec", ""),
        ("wiki.simple.vec.gz", "https://example.org/mirror/wiki.simple.vec.gz", ""),
    ]
    no_download.clear()
    assert GloVe("6B", dim=50, cache=cache)["cat"].tolist() == [3, 4]
    assert no_download == []


def test_the_archive_that_torchtext_left_is_used(cache, no_download):
    with zipfile.ZipFile(cache / "glove.6B.zip", "w") as archive:
        archive.writestr("glove.6B.50d.txt", TEXT)
        archive.writestr("glove.6B.100d.txt", "no vectors")
    assert GloVe("6B", dim=50, cache=cache)["cat"].tolist() == [3, 4]
    assert no_download == []


def test_wrong_names_are_errors(cache):
    with pytest.raises(ValueError, match=r"name must be one of 42B, 840B, twitter\.27B, 6B, got '7B'"):
        GloVe("7B", cache=cache)
    with pytest.raises(ValueError, match="dim must be one of 50, 100, 200, 300 for '6B', got 60"):
        GloVe("6B", dim=60, cache=cache)
    with pytest.raises(FileNotFoundError, match=r"got 'none\.txt'; pass its url"):
        Vectors("none.txt", cache=cache)


def test_words_are_means_of_their_ngrams(cache):
    rows = {"2gram-ab": (1, 0), "2gram-#BEGIN#a": (3, 0), "3gram-ab#END#": (5, 0), "4gram-#BEGIN#ab#END#": (7, 8)}
    (cache / "charNgram.txt").write_text("".join(f"{key} {a} {b}\n" for key, (a, b) in rows.items()))
    vectors = CharNGram(cache=cache)
    assert vectors["ab"].tolist() == [[4, 2]]
    assert vectors["zz"].tolist() == vectors["<unk>"].tolist() == [[0, 0]]
    assert vectors.get_vecs_by_tokens(["ab", "zz"]).shape == (2, 1, 2)
    assert torch.equal(CharNGram(cache=cache, unk_init=torch.ones_like)["zz"], torch.ones(1, 2))


def test_aliases(cache, no_download):
    assert pretrained_aliases["glove.6B.50d"](cache=cache).dim == 2
    assert pretrained_aliases["fasttext.simple.300d"](cache=cache).itos == ["the", "cat", "The"]
    assert pretrained_aliases["charngram.100d"](cache=cache).dim == 2
    assert [member for _, _, member in no_download] == ["glove.6B.50d.txt", "", "charNgram.txt"]
    assert len(pretrained_aliases) == 13
