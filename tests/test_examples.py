import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*.py")) if path.name != "serve.py"]  # test_serving.py


@pytest.fixture
def story(tmp_path):
    """The beginning of the tales: the whole takes too long for a test."""
    path = tmp_path / "story.txt"
    path.write_text((ROOT / "corpora" / "tales.txt").read_text(encoding="utf-8")[:6_000], encoding="utf-8")
    return str(path)


@pytest.fixture
def arguments(tmp_path, story):
    """Arguments with which each example takes a few seconds."""
    return {
        "chinese.py": {},
        "fairy_tales.py": {"data": story, "epochs": 1},
        "hello.py": {},
        "movie_sentiment.py": {"out": str(tmp_path / "submission.csv"), "epochs": 2},
        "own_loop.py": {"epochs": 3},
        "own_network.py": {},
        "pitfalls.py": {},
        "quatrains.py": {"epochs": 1, "first": "月"},
        "sentiment.py": {"epochs": 1},
        "surnames.py": {"epochs": 1},
        "transfer.py": {"epochs": 2, "lm_epochs": 1},
        "word_language_model.py": {"data": story, "epochs": 1},
        "word_vectors.py": {"epochs": 2},
    }


SAYS = {
    "chinese.py": ["characters", "jieba words, vectors"],
    "fairy_tales.py": ["one-hot", "temperature 0.1", "temperature 1.0"],
    "hello.py": ["cell", "hello -> ohlol", "LSTMCell", "((5, 7, 8), ((1, 5, 8), (1, 5, 8)))"],
    "movie_sentiment.py": ["macro F1", "submission.csv: 180 answers"],
    "own_loop.py": ["own nothing", "own network too"],
    "own_network.py": ["share"],
    "pitfalls.py": ["use 'auto' or 'cpu'", "number the classes first", "number the classes from 0", "predict_proba"],
    "quatrains.py": ["validation perplexity", "月", "of 100 more"],
    "sentiment.py": ["WordAVG", "BiLSTM", "pretrained"],
    "surnames.py": ["validation accuracy", "Vietnamese"],
    "transfer.py": ["vectors, frozen", "language model, fine-tuned"],
    "word_language_model.py": ["test perplexity"],
    "word_vectors.py": ["readable", "kernel", "ten pairs"],
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs_and_is_short(example, arguments, tmp_path, capsys):
    assert len(example.read_text(encoding="utf-8").splitlines()) < 60
    main = runpy.run_path(str(example))["main"]
    if example.name == "own_network.py":
        main()
    else:
        main(**arguments[example.name], plot=str(tmp_path / "picture.png"))
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert [words for words in SAYS[example.name] if words not in said] == []
