import pytest

from textkit.compat.torchtext.datasets.both import BothInterfaces


class Field:
    pass


class Reviews:
    urls = ("u",)

    def __init__(self, path, text_field):
        self.path = path

    @classmethod
    def splits(cls, text_field):
        return cls("train", text_field), cls("test", text_field)


def later(root=".data", split=("train", "test")):
    """Reviews."""
    return root, split


def test_one_name_serves_both():
    both = BothInterfaces(Reviews, later, Field)
    assert both(split="train") == (".data", "train")
    assert both("folder") == ("folder", ("train", "test"))
    assert both("folder", Field()).path == "folder"
    assert both("folder", text_field=Field()).path == "folder"
    assert [one.path for one in both.splits(Field())] == ["train", "test"]
    assert both.urls == ("u",)
    assert isinstance(both("folder", Field()), both)
    assert both.__doc__ == "Reviews."
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        both.nothing  # noqa: B018
