import pickle

import pytest
from torch.utils.data import DataLoader

from textkit.compat.torchtext import datasets
from textkit.data import catalog


@pytest.fixture
def write(tmp_path):
    def write(path, text, encoding="utf-8"):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode(encoding))

    return write


@pytest.fixture
def catalog_files(tmp_path, monkeypatch):
    """Let the catalog find the files of a folder, whatever is in them."""
    folder = tmp_path / "catalog"
    monkeypatch.setattr(catalog, "locate", lambda name, split: folder / f"{name}-{split}")
    return folder


def test_csv_with_a_label_and_texts(write, tmp_path):
    write("datasets/AG_NEWS/train.csv", '"3","Title one","Body, one"\n"1","T","B ""q"""\n')
    assert list(datasets.AG_NEWS(tmp_path, "train")) == [(3, "Title one Body, one"), (1, 'T B "q"')]
    write("YahooAnswers/yahoo_answers_csv/test.csv", '"2","q","","a"\r\n')
    assert list(datasets.YahooAnswers(str(tmp_path), split="test")) == [(2, "q  a")]
    write("yelp_review_full_csv/train.csv", '"x","text"\n')
    with pytest.raises(ValueError, match=r"train\.csv, line 1: must be a number and a text, got \['x'"):
        list(datasets.YelpReviewFull(tmp_path, split="train"))


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("AmazonReviewFull", "amazon_review_full_csv"),
        ("AmazonReviewPolarity", "amazon_review_polarity_csv"),
        ("DBpedia", "dbpedia_csv"),
        ("SogouNews", "sogou_news_csv"),
        ("YelpReviewPolarity", "yelp_review_polarity_csv"),
    ],
)
def test_folders_of_the_archives(write, tmp_path, name, folder):
    write(f"datasets/{name}/{folder}/train.csv", '"1","a","b"\n')
    assert list(getattr(datasets, name)(tmp_path, "train")) == [(1, "a b")]


def test_texts_for_language_models(write, tmp_path):
    write("datasets/PennTreebank/ptb.train.txt", " aer banknote \n pierre <unk> \n")
    assert list(datasets.PennTreebank(tmp_path, split="train")) == ["aer banknote", "pierre <unk>"]
    for name, folder in (("WikiText2", "wikitext-2"), ("WikiText103", "wikitext-103")):
        write(f"datasets/{name}/{folder}/wiki.valid.tokens", " \n = Robert = \n")
        assert list(getattr(datasets, name)(tmp_path, split="valid")) == [" \n", " = Robert = \n"]
    write("datasets/EnWik9/enwik9", "<mediawiki>\n  foo\n")
    assert list(datasets.EnWik9(tmp_path)) == ["<mediawiki>", "foo"]


def test_reviews_in_folders(write, tmp_path):
    write("datasets/IMDB/aclImdb/test/neg/0_3.txt", "bad")
    write("datasets/IMDB/aclImdb/test/pos/0_9.txt", "good")
    write("datasets/IMDB/aclImdb/test/pos/1_8.txt", "fine")
    assert list(datasets.IMDB(tmp_path, split="test")) == [(1, "bad"), (2, "good"), (2, "fine")]


def test_glue(write, tmp_path):
    write("datasets/SST2/SST-2/train.tsv", "sentence\tlabel\nhide new \t0\ngood\t1\n")
    write("datasets/SST2/SST-2/test.tsv", "index\tsentence\n0\tuneasy mishmash \n")
    assert list(datasets.SST2(tmp_path, split="train")) == [("hide new", 0), ("good", 1)]
    assert list(datasets.SST2(tmp_path, split="test")) == [("uneasy mishmash",)]
    write("datasets/SST2/SST-2/dev.tsv", "sentence\tlabel\ngood\t2\n")
    with pytest.raises(ValueError, match=r"dev\.tsv, line 2"):
        list(datasets.SST2(tmp_path, split="dev"))
    write("datasets/SST2/SST-2/dev.tsv", "good\t1\n")
    with pytest.raises(ValueError, match=r"line 1: must be a header of GLUE"):
        list(datasets.SST2(tmp_path, split="dev"))


def test_tagged_sentences(write, tmp_path):
    write("datasets/CoNLL2000Chunking/train.txt", "Confidence NN B-NP\nin IN B-PP\n\n\nthe DT B-NP")
    expected = [[["Confidence", "in"], ["NN", "IN"], ["B-NP", "B-PP"]], [["the"], ["DT"], ["B-NP"]]]
    assert list(datasets.CoNLL2000Chunking(tmp_path, split="train")) == expected
    write("UDPOS/en-ud-v2/en-ud-tag.v2.dev.txt", "a b\tX\tY\n\n")
    assert list(datasets.UDPOS(tmp_path, split="valid")) == [[["a b"], ["X"], ["Y"]]]
    write("UDPOS/en-ud-v2/en-ud-tag.v2.test.txt", "a\tX\tY\nb\tX\n")
    with pytest.raises(ValueError, match=r"test\.txt, line 2: must have 3 columns"):
        list(datasets.UDPOS(tmp_path, split="test"))


def test_translations(write, tmp_path):
    write("datasets/Multi30k/train.de", "Zwei Männer\nX\n")
    write("datasets/Multi30k/train.en", "Two men\nY\n")
    assert list(datasets.Multi30k(tmp_path, split="train")) == [("Zwei Männer", "Two men"), ("X", "Y")]
    swapped = datasets.Multi30k(tmp_path, split="train", language_pair=("en", "de"))
    assert next(iter(swapped)) == ("Two men", "Zwei Männer")
    with pytest.raises(ValueError, match="language_pair must be"):
        datasets.Multi30k(tmp_path, language_pair=("en", "fr"))
    write("datasets/Multi30k/train.en", "Two men\n")
    with pytest.raises(ValueError, match="must have the same number of lines"):
        list(datasets.Multi30k(tmp_path, split="train"))


def test_splits_are_one_data_set_or_a_tuple(write, tmp_path):
    for split in ("train", "valid", "test"):
        write(f"ptb.{split}.txt", f"{split}\n")
    assert [list(one) for one in datasets.PennTreebank(tmp_path)] == [["train"], ["valid"], ["test"]]
    (train,) = datasets.PennTreebank(tmp_path, split=("train",))
    assert repr(train) == "TextDataset(PennTreebank, train)"
    with pytest.raises(ValueError, match="split must be among train, valid, test for PennTreebank, got 'dev'"):
        datasets.PennTreebank(tmp_path, split="dev")


def test_a_data_set_is_read_anew_for_each_pass(write, tmp_path):
    write("ptb.train.txt", "a\nb\n")
    train = datasets.PennTreebank(tmp_path, split="train")
    assert list(train) == list(train) == ["a", "b"]
    assert (next(train), next(train)) == ("a", "b")
    with pytest.raises(StopIteration):
        next(train)


@pytest.mark.slow
def test_worker_processes_share_the_items(write, tmp_path):
    write("ptb.train.txt", "".join(f"{number}\n" for number in range(7)))
    train = datasets.PennTreebank(tmp_path, split="train")
    assert list(pickle.loads(pickle.dumps(train))) == list(train)
    loader = DataLoader(train, batch_size=None, num_workers=2, multiprocessing_context="spawn")
    assert sorted(loader) == [str(number) for number in range(7)]


def test_the_catalog_stands_in_for_missing_files(write, tmp_path, catalog_files):
    write("catalog/ag-news-test", '"4","T","B"\n')
    write("catalog/ptb-valid", " a b \n")
    write("catalog/wikitext-2-train", " = A = \n")
    write("catalog/imdb-test", "label\trating\tid\ttext\n0\t1\t0\tbad\n1\t9\t0\tgood\n")
    write("catalog/sst2-dev", "1 fine film\n")
    write("catalog/sst2-test", "0 bad film\n")
    root = tmp_path / "none"
    assert list(datasets.AG_NEWS(root, "test")) == [(4, "T B")]
    assert list(datasets.PennTreebank(root, "valid")) == ["a b"]
    assert list(datasets.WikiText2(root, "train")) == [" = A = \n"]
    assert list(datasets.IMDB(root, "test")) == [(1, "bad"), (2, "good")]
    assert list(datasets.SST2(root, "dev")) == [("fine film", 1)]
    assert list(datasets.SST2(root, "test")) == [("bad film",)]


def test_missing_files_are_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"train\.de and train\.en in .*Multi30k, got no such file; get it from"
    ):
        datasets.Multi30k(tmp_path, split="train")


@pytest.mark.data
def test_real_data(tmp_path):
    train, valid, _ = datasets.WikiText2(tmp_path)
    assert sum(1 for _ in valid) == 3760
    assert sum(1 for _ in train) == 36718
    assert sum(1 for _ in datasets.PennTreebank(tmp_path, split="valid")) == 3370
    labels = [label for label, _ in datasets.AG_NEWS(tmp_path, split="test")]
    assert (len(labels), set(labels)) == (7600, {1, 2, 3, 4})
    assert next(datasets.SST2(tmp_path, split="dev"))[1] in (0, 1)
