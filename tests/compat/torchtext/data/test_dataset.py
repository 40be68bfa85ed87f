import gzip

import pytest

from textkit.compat.torchtext import data

TEXT, LABEL = data.Field(), data.LabelField()
FIELDS = [("text", TEXT), ("label", LABEL)]


def dataset(*rows):
    return data.Dataset([data.Example.fromlist(row, FIELDS) for row in rows], FIELDS)


def test_columns_and_examples():
    rows = dataset(("a b", "x"), ("c", "y"))
    assert (len(rows), rows[1].label, [each.label for each in rows]) == (2, "y", ["x", "y"])
    assert list(rows.text) == [["a", "b"], ["c"]]
    with pytest.raises(AttributeError, match="dataset must have the field 'txt', got text, label"):
        _ = rows.txt


@pytest.mark.parametrize("name", ["name", "split", "examples", "urls"])
def test_columns_may_have_any_name(name):
    field = data.Field()
    rows = data.Dataset([data.Example.fromlist(["a b"], [(name, field)])], [(name, field)])
    field.build_vocab(rows)
    assert field.vocab.itos == ["<unk>", "<pad>", "a", "b"]


def test_examples_are_filtered():
    examples = [data.Example.fromlist((text, "x"), FIELDS) for text in ("a", "a b")]
    assert len(data.Dataset(iter(examples), FIELDS, filter_pred=lambda example: len(example.text) > 1)) == 1


def test_fields_of_one_column():
    characters = data.Field(tokenize=list)
    fields = [(("text", "characters"), (TEXT, characters))]
    example = data.Example.fromlist(["ab c\n"], fields)
    assert (example.text, example.characters) == (["ab", "c"], ["a", "b", " ", "c"])
    assert data.Dataset([example], fields).fields == {"text": TEXT, "characters": characters}


def test_missing_value_names_the_field():
    rows = dataset(("a b",))
    TEXT.build_vocab(rows)
    with pytest.raises(AttributeError, match="example must have a value of the field 'label', got text"):
        next(iter(data.Iterator(rows, 1, sort=False)))


def test_json_with_parts():
    example = data.Example.fromJSON(
        '{"a": {"b": [{"c": "x y"}, {"c": "z"}]}, "l": "pos"}',
        {"a.b.c": ("text", data.RawField()), "l": ("label", LABEL)},
    )
    assert (example.text, example.label) == (["x y", "z"], "pos")
    with pytest.raises(ValueError, match="got 'c', where there are only: b"):
        data.Example.fromJSON('{"a": {"b": 1}}', {"a.c": ("text", TEXT)})
    with pytest.raises(ValueError, match="got 'd', where there are only: a"):
        data.Example.fromdict({"a": 1}, {"d": ("text", TEXT)})


def test_trees_become_examples():
    whole = data.Example.fromtree("(3 (2 Not) (4 (1 so) (2 bad)))", FIELDS)
    assert (whole.text, whole.label) == (["Not", "so", "bad"], "3")
    phrases = data.Example.fromtree("(3 (2 Not) (4 (1 so) (2 bad)))", FIELDS, subtrees=True)
    assert [(" ".join(each.text), each.label) for each in phrases] == [
        ("Not so bad", "3"), ("Not", "2"), ("so bad", "4"), ("so", "1"), ("bad", "2")
    ]  # fmt: skip


@pytest.mark.parametrize("tree", ["", "(3 a", "a)", "(3 a) (2 b)", "(3 a))"])
def test_wrong_trees_are_errors(tree):
    with pytest.raises(ValueError, match=r"must match|one tree"):
        data.Example.fromtree(tree, FIELDS)


@pytest.mark.parametrize("ratio", [0.0, 1.0, 1, [1], [1, 2, 3, 4], [0, 0], [1, -1], "0.7"])
def test_wrong_ratios_are_errors(ratio):
    with pytest.raises(ValueError, match="split_ratio must"):
        dataset(("a", "x")).split(ratio)


def test_strata_need_their_field():
    with pytest.raises(ValueError, match="strata_field must be one of text, label, got 'kind'"):
        dataset(("a", "x")).split(stratified=True, strata_field="kind")


def test_unknown_words_are_dropped():
    rows = dataset(("a a b", "x"))
    TEXT.build_vocab(rows, min_freq=2)
    rows.filter_examples(["text"])
    assert rows[0].text == ["a", "a"]


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def texts(path, kind, fields=FIELDS, **options):
    return [(row.text, row.label) for row in data.TabularDataset(path, kind, fields, **options)]


BY_KEY = {"t": ("text", TEXT), "l": ("label", LABEL)}


def test_csv_tsv_and_json(tmp_path):
    expected = [(["a,", "b"], "x"), (["c"], "y")]
    path = table(tmp_path / "a.csv", 'n,t,l\n1,"a,\nb",x\n2,c,y\n')
    assert texts(path, "CSV", [("n", None), *FIELDS], skip_header=True) == expected
    assert texts(path, "csv", BY_KEY) == expected
    assert texts(table(tmp_path / "a.tsv", "a, b\tx\nc\ty\n"), "tsv") == expected
    assert (
        texts(table(tmp_path / "b.csv", "a, b;x\r\nc;y\r\n"), "csv", csv_reader_params={"delimiter": ";"}) == expected
    )
    lines = '{"t": "a, b", "l": "x", "m": 1}\n{"t": "c", "l": "y"}\n'
    assert texts(table(tmp_path / "a.json", lines), "json", BY_KEY) == expected
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(lines.encode()))
    assert texts(str(tmp_path / "a.json.gz"), "json", BY_KEY) == expected
    train, test = data.TabularDataset.splits(
        path=str(tmp_path), train="a.tsv", test="b.csv", format="tsv", fields=FIELDS
    )
    assert (len(train), len(test)) == (2, 2)


def test_a_key_may_fill_several_fields(tmp_path):
    path = table(tmp_path / "a.json", '{"t": "a b", "l": "x"}\n')
    rows = data.TabularDataset(path, "json", {"t": [("text", TEXT), ("raw", data.RawField())], "l": None})
    assert (rows[0].text, rows[0].raw, list(rows.fields)) == (["a", "b"], "a b", ["text", "raw"])


@pytest.mark.parametrize(
    ("content", "kind", "fields", "options", "message"),
    [
        ("a\tx\n\nb\ty\n", "tsv", FIELDS, {}, "row 2: a row must have values, got an empty line"),
        ('{"t": "a", "l": "x"}\n{"t": \n', "json", BY_KEY, {}, "row 2: Expecting value"),
        ('{"t": "a"}\n', "json", BY_KEY, {}, "row 1: fields must name keys of the data, got 'l'"),
        ("t,k\na,x\n", "csv", BY_KEY, {}, "fields must name columns of the header, got 'l'; it has t, k"),
        ("t,l\na\n", "csv", BY_KEY, {}, "row 2: fields must name keys of the data, got 'l'"),
        ("", "json", FIELDS, {}, "fields must be a dict for 'json'"),
        ("", "xml", FIELDS, {}, "format must be 'csv', 'tsv' or 'json', got 'xml'"),
        ("", "csv", BY_KEY, {"skip_header": True}, "skip_header must be False"),
    ],
)
def test_wrong_tables_name_the_row(tmp_path, content, kind, fields, options, message):
    with pytest.raises(ValueError, match=message):
        data.TabularDataset(table(tmp_path / "table", content), kind, fields, **options)


def test_wide_cells_leave_the_limit_of_csv(tmp_path):
    import csv

    limit = csv.field_size_limit()
    path = table(tmp_path / "a.tsv", "a" * (limit + 1) + "\tx\n")
    assert len(texts(path, "tsv")[0][0][0]) == limit + 1
    assert csv.field_size_limit() == limit


def test_downloads_of_a_class_must_be_there(tmp_path):
    class Mine(data.Dataset):
        name, dirname = "mine", "part"

    with pytest.raises(FileNotFoundError, match="root must have the data set in"):
        Mine.splits(root=str(tmp_path), train="x")
    (tmp_path / "mine").mkdir()
    assert Mine.download(str(tmp_path)) == str(tmp_path / "mine" / "part")
