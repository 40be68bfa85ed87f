import json

import pytest

from textkit.data import catalog

DATA = "textkit.commands.data_sets"


def test_all_data_sets_are_listed(run):
    done = run(DATA)
    assert done.code == 0
    heads = [line.split(" ")[0] for line in done.out.splitlines() if line and not line.startswith(" ")]
    assert heads == catalog.names()
    assert all(len(line) <= 80 or " " not in line[14:] for line in done.out.splitlines())  # but for long paths


def test_where_a_file_is_or_belongs(run, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTKIT_DATA", str(tmp_path))
    monkeypatch.setattr("textkit.data.catalog.cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "lm").mkdir()
    (tmp_path / "lm" / "text8").write_text("anarchism")
    found = {entry["name"]: entry for entry in json.loads(run(DATA, "text8", "wiki8", "tales", "--json").out)}
    assert found["text8"]["splits"]["train"]["found"] == str(tmp_path / "lm" / "text8")
    assert found["wiki8"]["splits"]["train"]["found"] is None
    assert found["tales"]["splits"]["train"]["bytes"] == catalog.find("tales").stat().st_size
    assert f"not here: put it at {tmp_path}/lm/wiki8.xz" in run(DATA, "wiki8").out.replace("\n" + " " * 14, " ")
    assert "downloaded when it is used" in run(DATA, "enwik8").out


def test_the_name_on_the_hub(run):
    (entry,) = json.loads(run(DATA, "wikitext-2", "--json").out)
    assert entry["huggingface"] == ["Salesforce/wikitext", "wikitext-2-v1"]
    assert "hub       Salesforce/wikitext wikitext-2-v1" in run(DATA, "wikitext-2").out
    assert "hub " not in run(DATA, "tales").out


def test_a_kind(run):
    names = [entry["name"] for entry in json.loads(run(DATA, "--kind", "analogies", "--json").out)]
    assert names == catalog.names("analogies")


def test_a_misspelled_name(run):
    done = run(DATA, "tails")
    assert done.code == 1
    assert "did you mean 'tales'" in done.err


@pytest.mark.parametrize("name", [name for name in catalog.names() if catalog.entry(name).shipped])
def test_the_sizes_of_shipped_files_are_true(name):
    for split, file in catalog.entry(name).files.items():
        assert file.bytes == catalog.find(name, split).stat().st_size
