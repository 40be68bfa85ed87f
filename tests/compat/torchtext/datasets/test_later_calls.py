import copy

import pytest

from textkit.compat.torchtext import data, datasets


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "wikitext-2" / "wikitext-2"
    folder.mkdir(parents=True)
    for split in ("train", "valid", "test"):
        (folder / f"wiki.{split}.tokens").write_text(f"a {split}\n")
    return str(tmp_path)


def test_a_name_of_both_interfaces_takes_the_arguments_of_both(root):
    lines = datasets.WikiText2(root=f"{root}/wikitext-2", split="train")
    assert list(lines) == ["a train\n"]
    assert [list(split) for split in datasets.WikiText2(f"{root}/wikitext-2", ("valid", "test"))] == [
        ["a valid\n"],
        ["a test\n"],
    ]
    field = data.Field()
    path = f"{root}/wikitext-2/wikitext-2/wiki.train.tokens"
    for earlier in (datasets.WikiText2(path, field), datasets.WikiText2(path, text_field=field)):
        assert isinstance(earlier, datasets.WikiText2)
        assert earlier[0].text == ["a", "train", "<eos>"]
    (train, *_) = datasets.WikiText2.splits(field, root=root)
    assert copy.copy(train)[0].text == ["a", "train", "<eos>"]


def test_fields_may_be_in_a_list(tmp_path):
    (tmp_path / "tags.txt").write_text("I\tPRON\n")
    (row,) = datasets.UDPOS(str(tmp_path / "tags.txt"), [("word", data.Field()), ("tag", data.Field())])
    assert row.word == ["I"]
