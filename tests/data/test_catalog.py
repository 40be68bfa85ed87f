import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from textkit.data import catalog
from textkit.data.catalog import CatalogEntry, corpora_folder, entry, locate, names, read_catalog, rows
from textkit.data.data_files import DataFile

ASKED_FOR = {
    "text": "text8 enwik8 wiki8 wikitext-2 wikitext-103 ptb tinyshakespeare andersen tales quatrains",
    "table": "imdb sst2 sst5 sst2-phrases sst5-phrases ag-news trec surnames reviews names",
    "pairs": "wordsim353 wordsim353-similarity wordsim353-relatedness simlex999 men rw simverb3500 mturk771 "
    "rg65 wordsim240 wordsim297",
    "analogies": "google-analogies msr-analogies",
}
NO_ADDRESS = {"sst2-phrases", "sst5-phrases", "wiki8", "enwiki-core", "zhwiki-slice", "tang-poems", "tang300", "waimai"}


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine with an empty cache, no data folder, and a catalog of its own."""
    monkeypatch.delenv("TEXTKIT_DATA", raising=False)
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path / "cache"))
    known = {
        "lost": CatalogEntry(
            name="lost",
            title="a set nobody has",
            kind="text",
            license="none",
            files={"train": DataFile(path="lm/lost.txt"), "test": DataFile(path="lm/lost-test.txt")},
        ),
        "unreachable": CatalogEntry(
            name="unreachable",
            title="a set behind a closed port",
            kind="text",
            license="none",
            files={"test": DataFile(path="lm/far.txt", address="http://127.0.0.1:9/far.txt")},
        ),
    }
    monkeypatch.setattr(catalog, "_catalog", lambda: known)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


@pytest.mark.parametrize("kind", ASKED_FOR)
def test_the_catalog_knows_every_set_asked_for(kind):
    assert set(ASKED_FOR[kind].split()) <= set(names(kind))


@pytest.mark.parametrize("name", names())
def test_every_entry_is_whole(name):
    known = entry(name)
    assert known.title
    assert known.license
    assert known.shipped or name in NO_ADDRESS or all(file.address for file in known.files.values())
    for file in known.files.values():
        for digest in (file.sha256, file.unpacked_sha256, file.address_sha256, *file.files.values()):
            assert digest == "" or (len(digest) == 64 and set(digest) <= set("0123456789abcdef"))
        assert file.address == "" or file.address.startswith(("http://", "https://"))
        # whatever is downloaded is checked, either as it comes or once it is unpacked
        hashes = [*file.files.values()] or [file.address_sha256 or file.target[1]]
        assert not file.address or all(hashes)


def test_names_of_a_kind():
    assert names("analogies") == ["google-analogies", "msr-analogies"]
    assert "imdb" in names("table")
    with pytest.raises(ValueError, match="kind must be one of text, table, pairs, analogies, got 'audio'"):
        names("audio")


def test_an_unknown_name_brings_the_closest_ones_and_the_list():
    with pytest.raises(ValueError, match=r"did you mean 'wordsim353'.*it has ag-news, andersen"):
        entry("WordSim353")


def test_an_unknown_split_brings_the_splits():
    with pytest.raises(ValueError, match="split must be one of train, valid, test for 'ptb', got 'dev'"):
        locate("ptb", "dev")


@pytest.mark.parametrize("name", ["tales", "reviews", "names", "quatrains"])
def test_shipped_corpora_are_found_without_data_or_cache(name, tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTKIT_DATA", raising=False)
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path))
    assert locate(name).parent == corpora_folder()
    assert locate(name).is_file()


def test_shipped_tables_can_be_read():
    assert Counter(row["label"] for row in rows("reviews")) == {"positive": 450, "negative": 450}
    assert len({row["language"] for row in rows("names")}) == 18


def test_the_columns_of_a_table_are_those_of_its_default_split():
    known = entry("trec")
    assert (known.text_column, known.label_column) == ("text", "label")
    table = known.table()
    assert (table.row_columns, table.separator, table.header) == (("label", "fine", "text"), (":", " "), False)
    assert entry("ag-news").table().row_columns == ("label", "title", "description", "text")
    assert entry("ag-news").table("train10k").header


def test_a_text_has_no_columns_and_no_rows():
    known = entry("text8")
    assert (known.text_column, known.label_column) == (None, None)
    with pytest.raises(ValueError, match="name must name a table, got 'text8'"):
        rows("text8")


def test_what_is_nowhere_is_named_with_file_folder_and_address(bare):
    with pytest.raises(FileNotFoundError, match="no public address is known") as error:
        locate("lost")
    assert "lm/lost.txt" in str(error.value)
    assert str(bare / "cache") in str(error.value)
    assert "TEXTKIT_DATA" in str(error.value)


def test_offline_the_error_names_file_folder_and_address(bare):
    with pytest.raises(ConnectionError) as error:
        locate("unreachable")
    for part in ("http://127.0.0.1:9/far.txt", "lm/far.txt", str(bare / "cache"), "TEXTKIT_DATA"):
        assert part in str(error.value)
    assert not [path for path in (bare / "cache").rglob("*") if path.is_file()]


def test_splits_that_are_here_are_named_when_another_is_not(bare):
    (bare / "cache" / "lm").mkdir(parents=True)
    (bare / "cache" / "lm" / "lost-test.txt").write_text("here\n")
    with pytest.raises(FileNotFoundError, match="on this machine: test"):
        locate("lost")
    assert locate("lost", "test") == bare / "cache" / "lm" / "lost-test.txt"


def test_the_own_folder_comes_before_the_cache(bare, monkeypatch):
    for root in ("own", "cache"):
        (bare / root / "lm").mkdir(parents=True)
        (bare / root / "lm" / "lost.txt").write_text(root)
    assert locate("lost").read_text() == "cache"
    monkeypatch.setenv("TEXTKIT_DATA", str(bare / "own"))
    assert locate("lost").read_text() == "own"


def test_a_data_folder_that_is_none_is_an_error(bare, monkeypatch):
    monkeypatch.setenv("TEXTKIT_DATA", str(bare / "nowhere"))
    with pytest.raises(NotADirectoryError, match="TEXTKIT_DATA must name an existing folder"):
        locate("lost")


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nkind = 'text'\n",
        "[a]\ntitle='t'\nkind='sound'\nlicense='l'\n[a.splits.train]\npath='p'\n",
        "[a]\ntitle='t'\nkind='table'\nlicense='l'\n[a.splits.train]\npath='p'\n",
        "[a]\ntitle='t'\nkind='text'\nlicense='l'\n[a.splits.train]\npath='../p'\n",
        "[a]\ntitle='t'\nkind='text'\nlicense='l'\n[a.splits.train]\npath='p'\nadress='typo'\n",
    ],
)
def test_a_malformed_catalog_names_file_and_section(tmp_path, text):
    path = tmp_path / "catalog.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"catalog.toml, section \[a\]"):
        read_catalog(path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "counts"),
    [
        ("imdb", "train", {"negative": 12_500, "positive": 12_500}),
        ("imdb", "test", {"negative": 12_500, "positive": 12_500}),
        ("sst2", "train", {"negative": 3_310, "positive": 3_610}),
        ("sst2", "dev", {"negative": 428, "positive": 444}),
        ("sst2", "test", {"negative": 912, "positive": 909}),
        (
            "sst5",
            "test",
            {"very negative": 279, "negative": 633, "neutral": 389, "positive": 510, "very positive": 399},
        ),
        ("sst2-phrases", "train", {"negative": 34_944, "positive": 42_672}),  # 98,794 with repetitions
        ("sst2-phrases", "dev", {"negative": 428, "positive": 444}),  # those of sst2
        ("sst2-phrases", "test", {"negative": 912, "positive": 909}),
        (
            "sst5-phrases",
            "dev",
            {"very negative": 139, "negative": 289, "neutral": 228, "positive": 279, "very positive": 165},
        ),
        ("ag-news", "test", {"World": 1_900, "Sports": 1_900, "Business": 1_900, "Sci/Tech": 1_900}),
        ("ag-news", "train10k", {"World": 2_514, "Sports": 2_504, "Business": 2_519, "Sci/Tech": 2_463}),
    ],
)
def test_labels_of_the_real_tables(name, split, counts):
    column = entry(name).table(split).label_column
    assert Counter(row[column] for row in rows(name, split)) == counts


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "labels", "count"),
    [
        ("trec", "train", 6, 5_452),
        ("trec", "test", 6, 500),
        ("surnames", "train", 18, 13_374),
        ("surnames", "test", 18, 6_700),
        ("surnames", "all", 18, 20_050),
        ("tang300", None, None, 366),
    ],
)
def test_rows_of_the_real_tables(name, split, labels, count):
    table = list(rows(name, split))
    assert len(table) == count
    column = entry(name).table(split).label_column
    assert labels is None or len({row[column] for row in table}) == labels


@pytest.mark.data
def test_trec_has_fifty_fine_labels():
    assert len({(row["label"], row["fine"]) for row in rows("trec")}) == 50


@pytest.mark.data
def test_texts_and_word_lists_of_the_data_folder_have_their_hashes():
    own = Path(os.environ["TEXTKIT_DATA"])
    for name in (
        "tinyshakespeare",
        "andersen",
        "ptb",
        "wikitext-2",
        "google-analogies",
        "wordsim353",
        "simlex999",
    ):
        assert locate(name).is_relative_to(own)


def test_names_on_the_hub_are_arguments_of_load_dataset():
    named = {name: entry(name).huggingface for name in names() if entry(name).huggingface}
    assert named["imdb"] == ("stanfordnlp/imdb",)
    for name, arguments in named.items():
        assert len(arguments) in (1, 2), name
        assert arguments[0].count("/") == 1, name


def test_the_hub_is_a_remedy_for_a_file_that_is_nowhere(bare, monkeypatch):
    known = replace(entry("lost"), huggingface=("user/lost", "small"))
    monkeypatch.setattr("textkit.data.catalog.entry", lambda name: known)
    with pytest.raises(FileNotFoundError, match=r"or pass datasets.load_dataset\('user/lost', 'small'\) in place"):
        locate("lost")
