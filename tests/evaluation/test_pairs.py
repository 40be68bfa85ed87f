import pytest

from textkit.evaluation.pairs import ScoredPair, read_pairs

EXPECTED = [ScoredPair("love", "sex", 6.77), ScoredPair("tiger", "cat", 7.35)]


def write(tmp_path, content):
    path = tmp_path / "pairs.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "love\tsex\t6.77\ntiger\tcat\t7.35\n",
        "love,sex,6.77\ntiger,cat,7.35",
        "love;sex;6.77\n\ntiger;cat;7.35\n",
        "love sex 6.77\ntiger   cat  7.35\n",
        "# a comment\n# Word 1\tWord 2\tHuman (mean)\nlove\tsex\t6.77\ntiger\tcat\t7.35\n",
        "Word 1,Word 2,Human (mean)\r\nlove,sex,6.77\r\ntiger,cat,7.35\r\n",
        "\ufefflove\tsex\t6.77\r\ntiger\tcat\t7.35\r\n",
        '"love","sex","6.77"\n"tiger","cat","7.35"\n',
        "word1\tword2\tPOS\tSimLex999\tconc(w1)\nlove\tsex\tN\t6.77\t2.3\ntiger\tcat\tN\t7.35\t4.9\n",
        "love\tsex\tV\t6.77\tNONE\ntiger\tcat\tV\t7.35\tCOHYPONYMS\n",
        "love\tsex\t6.77\t7\t6\t10\ntiger\tcat\t7.35\t9\t8\t7\n",
    ],
    ids=[
        "tab",
        "comma",
        "semicolon",
        "spaces",
        "comments",
        "header",
        "bom",
        "quotes",
        "simlex",
        "simverb",
        "rw",
    ],
)
def test_every_form_gives_the_same_pairs(tmp_path, content):
    assert read_pairs(write(tmp_path, content)) == EXPECTED


def test_words_may_hold_spaces_and_any_script(tmp_path):
    content = "New York\tcity\t5\n\u8db3\u7403\t\u8db3\u7403\t4.98\n"
    assert read_pairs(write(tmp_path, content))[0] == ("New York", "city", 5.0)


def test_whole_numbers_and_negative_scores(tmp_path):
    assert [pair.score for pair in read_pairs(write(tmp_path, "a,b,-1\nc,d,2e1\n"))] == [-1.0, 20.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "at least two pairs, got 0 lines"),
        ("# only a comment\n\n", "at least two pairs, got 0 lines"),
        ("a b 1\n", "at least two pairs, got 1 lines"),
        ("word1\tword2\tscore\na\tb\t1\n", "at least two pairs, got 1;"),
        ("a|b|1\nc|d|2\n", r"line 1: a line must have two words and a score.*check the separator"),
        ("a\tb\nc\td\n", "line 1: a line must have two words and a score"),
        ("a\tb\t1\nc\td\n", "pairs.txt, line 2: .* finite score in column 3, split by tab"),
        ("a\tb\t1\nc\td\tmuch\ne\tf\t2\n", r"pairs.txt, line 2: .*got \['c', 'd', 'much'\]"),
        ("a\tb\t1\nc\td\tnan\ne\tf\t2\n", "line 2: .* finite score"),
        ("a\tb\t1\n\td\t3\ne\tf\t2\n", "line 2: a line must have two words"),
        (b"a\tb\t1\nc\xff\td\t2\n", r"line 2, byte offset 7"),
    ],
)
def test_bad_files_are_named_with_their_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_pairs(write(tmp_path, content))


def test_a_folder_or_nothing_in_place_of_a_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="got the folder"):
        read_pairs(tmp_path)
    with pytest.raises(FileNotFoundError, match="existing file"):
        read_pairs(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    "lines",
    [
        ["king;queen;8,5", "cup;sky;0,25", "a;b;3"],
        ["word1;word2;score", "king;queen;8,5", "cup;sky;0,25", "a;b;3"],
        ["king\tqueen\t8,5", "cup\tsky\t0,25", "a\tb\t3"],
        ["king queen 8,5", "cup sky 0,25", "a b 3"],
        ['king,queen,"8,5"', 'cup,sky,"0,25"', "a,b,3"],
        ['"king";"queen";"8,5"', '"cup";"sky";"0,25"', '"a";"b";"3"'],
    ],
)
def test_a_decimal_comma(tmp_path, lines):
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(lines) + "\n")
    assert read_pairs(path) == [("king", "queen", 8.5), ("cup", "sky", 0.25), ("a", "b", 3.0)]


def test_a_number_with_two_commas_is_no_score(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("king;queen;8,5\ncup;sky;1,000,5\na;b;3\n")
    with pytest.raises(ValueError, match=r"line 2: .* finite score in column 3, .* got \['cup', 'sky', '1,000,5'\]"):
        read_pairs(path)
