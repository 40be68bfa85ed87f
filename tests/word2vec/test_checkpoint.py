import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from textkit.data.catalog import corpora_folder
from textkit.training.checkpoint import load_checkpoint, save_checkpoint
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.threads import SkipGramThreads
from textkit.word2vec.train import train_word2vec

TALES = corpora_folder() / "tales.txt"


def digest(vectors):
    return hashlib.sha256("\n".join(vectors.words).encode() + vectors.matrix.tobytes()).hexdigest()


def train(corpus=TALES, **settings):
    return train_word2vec(corpus, **{"dim": 12, "epochs": 2, "workers": 2, "progress": False, **settings})


EPOCHS = 120  # enough that a process is still at it when it is stopped
CHILD = f"""
import sys
from textkit.word2vec.train import train_word2vec
text, state = sys.argv[1:]
train_word2vec(text, dim=12, epochs={EPOCHS}, workers=2, progress=False, checkpoint=state, checkpoint_seconds=0)
"""


def test_a_checkpoint_never_replaces_another_file(tmp_path):
    vectors, corpus = tmp_path / "v.safetensors", tmp_path / "c.txt"
    WordVectors(["a"], [[1.0]]).save(vectors)
    corpus.write_text("a b\n")
    for path in (vectors, corpus):
        before = path.read_bytes()
        with pytest.raises(ValueError, match="checkpoint must be a new file or a checkpoint, got"):
            train_word2vec(corpus, min_count=1, checkpoint=path, progress=False)
        assert path.read_bytes() == before


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_bytes(tmp_path):
    checkpoint = tmp_path / "state"
    expected = digest(train(epochs=EPOCHS))
    stopped_at = []
    (tmp_path / "tmp").mkdir()
    for pause in (0.0, 0.15):
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(TALES), str(checkpoint)], env=environment)
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        deadline = time.monotonic() + 60
        while (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before) and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, "it ended before it was killed"
        assert list((tmp_path / "tmp").iterdir()) == []
        assert checkpoint.exists()
        stopped_at.append(checkpoint.stat().st_mtime_ns)
    epochs = []
    found = train(epochs=EPOCHS, workers=1, checkpoint=checkpoint, on_epoch=lambda r: epochs.append(r.epoch))
    assert digest(found) == expected
    assert len(epochs) < EPOCHS  # it did go on, and not begin again
    assert not list(tmp_path.glob(".*"))  # what the killed processes were writing is gone
    again = train(epochs=EPOCHS, checkpoint=checkpoint, on_epoch=epochs.append)
    assert digest(again) == expected  # a finished training gives its result at once


def test_a_stopped_training_resumes_with_the_same_bytes(tmp_path, model):
    def stop(report):
        raise KeyboardInterrupt

    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        train(**model, epochs=3, checkpoint=checkpoint, on_epoch=stop)
    epochs = []
    found = train(**model, epochs=3, checkpoint=checkpoint, workers=1, on_epoch=lambda r: epochs.append(r.epoch))
    assert epochs == [2, 3]
    assert digest(found) == digest(train(**model, epochs=3))


def test_a_checkpoint_without_the_model_is_of_skip_gram(tmp_path):
    checkpoint = tmp_path / "state"
    expected = digest(train(checkpoint=checkpoint))
    arrays, state = load_checkpoint(checkpoint)
    for name in ("model", "loss", "subwords", "buckets"):
        del state["identity"][name]
    save_checkpoint(checkpoint, arrays, state)
    assert digest(train(checkpoint=checkpoint)) == expected
    with pytest.raises(ValueError, match="model 'skipgram' in the checkpoint, 'cbow' now"):
        train(checkpoint=checkpoint, model="cbow")


@pytest.mark.parametrize("fill", [8, -8])
def test_a_checkpoint_of_rows_with_another_fill_is_resumed(tmp_path, fill):
    """As of a processor with vectors of another width."""
    checkpoint = tmp_path / "state"
    dim = 17
    expected = digest(train(checkpoint=checkpoint, dim=dim))
    arrays, state = load_checkpoint(checkpoint)
    for name, array in arrays.items():
        arrays[name] = np.pad(array, ((0, 0), (0, fill))) if fill > 0 else array[:, :dim]
    save_checkpoint(checkpoint, arrays, state)
    assert digest(train(checkpoint=checkpoint, dim=dim)) == expected


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    checkpoint = tmp_path / "state"

    def stop(report):
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(epochs=4, checkpoint=checkpoint, checkpoint_seconds=0, on_epoch=stop)
    kept = checkpoint.read_bytes()
    with pytest.raises(ValueError, match=r"same corpus and settings.*window 5 in the checkpoint, 6 now.*delete it"):
        train(epochs=4, window=6, checkpoint=checkpoint)
    with pytest.raises(ValueError, match=r"same corpus and settings.*corpus"):
        train([*TALES.read_text().splitlines(), "more of it"], epochs=4, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == kept
    assert digest(train(epochs=4, checkpoint=checkpoint)) == digest(train(epochs=4))
    save_checkpoint(checkpoint, {}, {"something": "else"})
    with pytest.raises(ValueError, match="same corpus and settings"):
        train(checkpoint=checkpoint)


def test_a_checkpoint_of_another_init_or_held_out_text_is_refused(tmp_path, topics):
    first, second = (train(topics, seed=seed, subsample=0) for seed in (1, 2))
    checkpoint = tmp_path / "state"
    settings = {"init": first, "dim": None, "valid": topics, "subsample": 0}
    expected = digest(train(topics, **settings, checkpoint=checkpoint))
    with pytest.raises(ValueError, match=r"same corpus and settings.*init"):
        train(topics, **{**settings, "init": second}, checkpoint=checkpoint)
    with pytest.raises(ValueError, match=r"same corpus and settings.*valid"):
        train(topics, **{**settings, "valid": topics[:9]}, checkpoint=checkpoint)
    assert digest(train(topics, **settings, checkpoint=checkpoint)) == expected


def test_a_folder_that_is_missing_is_found_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder of checkpoint must exist"):
        train(iter([]), checkpoint=tmp_path / "none" / "state")


@pytest.mark.slow
def test_ctrl_c_saves_a_whole_state(tmp_path):
    checkpoint = tmp_path / "state"
    interrupts = """
import _thread, threading
def interrupt(report):
    if report.epoch == 3:
        threading.Timer(0.02, _thread.interrupt_main).start()
"""
    code = interrupts + CHILD.replace("checkpoint_seconds=0", "on_epoch=interrupt")
    child = subprocess.run([sys.executable, "-c", code, str(TALES), str(checkpoint)], capture_output=True, check=False)
    assert b"KeyboardInterrupt" in child.stderr
    assert checkpoint.exists()
    epochs = []
    found = train(epochs=EPOCHS, checkpoint=checkpoint, on_epoch=epochs.append)
    assert digest(found) == digest(train(epochs=EPOCHS))
    assert 0 < len(epochs) <= EPOCHS - 3


def test_ctrl_c_after_the_work_of_a_span_is_not_ahead_of_its_position(tmp_path, monkeypatch):
    checkpoint, run, spans = tmp_path / "state", SkipGramThreads.run, []

    def interrupted(self, *arguments, **settings):
        result = run(self, *arguments, **settings)
        spans.append(result)
        if len(spans) == 3:
            signal.raise_signal(signal.SIGINT)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(SkipGramThreads, "run", interrupted)
        patch.setattr(SkipGramThreads, "span_blocks", 8)
        with pytest.raises(KeyboardInterrupt):
            train(checkpoint=checkpoint)
    assert len(spans) == 3
    assert digest(train(checkpoint=checkpoint)) == digest(train())
