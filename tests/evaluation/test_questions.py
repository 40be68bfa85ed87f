import pandas as pd
import pytest

from textkit.evaluation.questions import Section, open_questions, read_questions


def write(tmp_path, content, name="questions.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_sections_of_four_words(tmp_path):
    path = write(tmp_path, "\ufeff: family\r\nboy girl  man\twoman\r\n\r\n:empty\n: gram1 x\na b c d\n")
    assert read_questions(path) == [
        Section("family", (("boy", "girl", "man", "woman"),)),
        Section("gram1 x", (("a", "b", "c", "d"),)),
    ]


def test_without_sections_the_file_s_name_is_one(tmp_path):
    path = write(tmp_path, "good\tbetter\trough\trougher\r\n", "msr.txt")
    assert read_questions(path) == [Section("msr", (("good", "better", "rough", "rougher"),))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "at least one question of four words, got none"),
        (": family\n", "at least one question"),
        (": family\na b c d\na b c\n", "questions.txt, line 3: a question must have four words, got 3"),
        ("a,b,c,d\n", "line 1: a question must have four words, got 1"),
        (":\na b c d\n", "line 1: a section must have a name"),
        (b": family\na b c \xff\n", "line 2, byte offset 15"),
    ],
)
def test_bad_files_are_named_with_their_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_questions(write(tmp_path, content))


def test_a_folder_or_nothing_in_place_of_a_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="got the folder"):
        open_questions(tmp_path)
    with pytest.raises(FileNotFoundError, match="a file or a name from the catalog"):
        open_questions("google")


def test_questions_in_memory():
    question = ("a", "b", "c", "d")
    assert open_questions([question]) == [Section("questions", (question,))]
    assert open_questions({"x": [question], "y": []}) == [Section("x", (question,))]
    with pytest.raises(ValueError, match="a question must be four words, got 'abc'"):
        open_questions(["abc"])
    with pytest.raises(ValueError, match="which is pairs; choose from google-analogies"):
        open_questions("wordsim353")


@pytest.mark.data
def test_the_google_set_is_whole():
    sections = open_questions("google-analogies")
    assert len(sections) == 14
    assert sum(len(section.questions) for section in sections) == 19_544


def test_questions_may_be_a_frame():
    (section,) = open_questions(pd.DataFrame([["a", "b", "c", "d"]]))
    assert section.questions == (("a", "b", "c", "d"),)
    with pytest.raises(TypeError, match="questions must be a name, a path or a list of questions, got int"):
        open_questions(5)
