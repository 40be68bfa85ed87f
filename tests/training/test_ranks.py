"""Data-parallel training, started by torchrun with processes on this machine."""

import json
import os
import signal
import sys
import time

import pytest
import torch

from textkit.data.catalog import corpora_folder
from textkit.training.ranks import ALONE, Ranks, join_ranks

pytestmark = pytest.mark.slow

CHILD = '''
import json, os, sys, time
from pathlib import Path

import torch

import textkit

torch.set_num_threads(1)
folder, text, jobs = Path(sys.argv[1]), Path(sys.argv[2]).read_text(), json.loads(sys.argv[3])
rank = os.environ.get("RANK", "0")
(folder / f"process-{rank}").write_text(str(os.getpid()))


def language_model(documents, epochs, checkpoint=None, pause=0.0, bidirectional=False):
    """Losses of each epoch, and some weights."""
    reports = []

    def on_epoch(report):
        reports.append((report.loss, report.valid_loss))
        time.sleep(pause)

    config = textkit.RnnLanguageModelConfig(dim=8, hidden=24, output_dropout=0.0, activation_penalty=0.5)
    if bidirectional:
        config = textkit.BidirectionalLanguageModelConfig(dim=12, output_dropout=0.0, activation_penalty=0.5)
    model = textkit.train_language_model(
        text[:3_000].splitlines(), valid=0.1, progress=False, checkpoint=checkpoint,
        config=config,
        settings=textkit.LanguageModelSettings(
            batch_size=7, window=16, epochs=epochs, state_reset=0.0, documents=documents, accumulate=2,
            schedule="linear",
        ),
        on_epoch=on_epoch,
    )
    return reports, model.model.embedding[:9].flatten().tolist()


def classifier(config, **options):
    """Losses of each epoch, and some probabilities."""
    texts = [f"{'good' if n % 3 else 'bad'} film number {n % 7} " + "very " * (n % 5) for n in range(60)]
    classifier = textkit.TextClassifier(
        getattr(textkit, config)(dim=6, dropout=0.0, word_dropout=0.0, **options),
        settings=textkit.ClassifierSettings(epochs=2, batch_size=7, learning_rate=0.01),
        progress=False,
    ).fit(texts, ["pos" if n % 3 else "neg" for n in range(60)])
    reports = [(report.loss, report.valid_loss) for report in classifier.history_]
    return reports, classifier.predict_proba(texts[:5]).ravel().tolist()


def resumed(checkpoint):
    """Losses and probabilities of a training without a stop, and of one that goes on after its first epoch."""
    texts = [f"{'good' if n % 3 else 'bad'} film number {n % 7} " + "very " * (n % 5) for n in range(60)]
    labels = ["pos" if n % 3 else "neg" for n in range(60)]

    def fitted(**options):
        classifier = textkit.TextClassifier(
            textkit.CnnConfig(dim=6, filters=5, dropout=0.3), progress=False,
            settings=textkit.ClassifierSettings(epochs=3, batch_size=7, learning_rate=0.01),
        ).fit(texts, labels, **options)
        reports = [(report.epoch, report.loss, report.valid_loss) for report in classifier.history_]
        return reports, classifier.predict_proba(texts[:5]).ravel().tolist()

    def stop(report):
        raise KeyboardInterrupt

    try:
        fitted(checkpoint=checkpoint, on_epoch=stop)
    except KeyboardInterrupt:
        pass
    seen = []
    found = fitted(checkpoint=checkpoint, on_epoch=lambda report: seen.append(report.epoch))
    return fitted(), found, seen


def streamed():
    """Losses of each epoch on a streamed data set, the vocabulary, and the shards that this process read."""
    import datasets

    lines, opened = text[:12_000].splitlines(), set()

    def texts(shards):
        for shard in shards:
            opened.add(shard)
            for line in lines[shard * shard :: 16][: 3 + shard]:
                yield {"text": line}

    reports = []
    model = textkit.train_language_model(
        datasets.IterableDataset.from_generator(texts, gen_kwargs={"shards": [0, 1, 2, 3]}),
        unit="word", valid=lines[:33:16], progress=False,
        config=textkit.RnnLanguageModelConfig(dim=8, hidden=16),
        settings=textkit.LanguageModelSettings(batch_size=4, window=5, epochs=3, learning_rate=0.01),
        on_epoch=lambda report: reports.append((report.loss, report.valid_loss)),
    )
    model = textkit.train_language_model(
        datasets.IterableDataset.from_generator(
            lambda shards: ({"text": f"shard {shard} is new {line}"} for shard in shards for line in lines[:9]),
            gen_kwargs={"shards": [0, 1, 2, 3]},
        ),
        init=model, progress=False,
        settings=textkit.LanguageModelSettings(batch_size=4, window=5, epochs=1, min_count=1),
        on_epoch=lambda report: reports.insert(1, (report.loss, None)),
    )
    return reports, model.vocabulary.tokens, sorted(opened)


kinds = {"language_model": language_model, "classifier": classifier, "streamed": streamed, "resumed": resumed}
results = [kinds[kind](**job) for kind, job in jobs]
(folder / f"results-{rank}").write_text(json.dumps(results))
'''


@pytest.fixture
def start(start_ranks):
    def start(ranks, jobs):
        return start_ranks(CHILD, ranks, corpora_folder() / "tales.txt", json.dumps(jobs))

    return start


@pytest.fixture
def results(run_ranks):
    """Return a function that runs jobs, and returns the results of each process, by its number."""

    def results(ranks, jobs):
        folder = run_ranks(CHILD, ranks, corpora_folder() / "tales.txt", json.dumps(jobs))
        return [json.loads(path.read_text()) for path in sorted(folder.glob("results-*"))]

    return results


def test_any_number_of_processes_trains_the_same(results):
    streams, documents = (("language_model", {"documents": documents, "epochs": 2}) for documents in (False, True))
    both_ways = "language_model", {"documents": False, "epochs": 2, "bidirectional": True}
    cnn = "classifier", {"config": "CnnConfig", "filters": 5}
    word_avg = "classifier", {"config": "WordAvgConfig", "ngrams": 2, "buckets": 64}
    (alone,) = results(1, [streams, documents, both_ways, cnn])
    two = results(2, [streams, documents, both_ways, cnn, word_avg])
    three = results(3, [streams, word_avg])
    # Alone, word_avg trains by a kernel with another optimizer, so that it is compared between two and three.
    for ranks, found, expected in ((2, two, [*alone, two[0][4]]), (3, three, [alone[0], two[0][4]])):
        assert len(found) == ranks
        for result in found:
            for (reports, numbers), (first_reports, _), (other_reports, others) in zip(
                result, found[0], expected, strict=True
            ):
                assert reports == first_reports
                assert [loss for report in reports for loss in report] == pytest.approx(
                    [loss for report in other_reports for loss in report], abs=1e-5
                )
                assert numbers == pytest.approx(others, abs=1e-4)


def test_streamed_shards_are_read_by_one_process_each(results):
    (((_, words, shards),),) = results(1, [("streamed", {})])
    assert shards == [0, 1, 2, 3]
    ((first,), (second,)) = results(2, [("streamed", {})])
    assert sorted(set(first[2]) | set(second[2])) == shards
    # The first shard is also opened to find out the columns.
    assert set(first[2]) & set(second[2]) <= {0}
    assert first[1] == second[1] == words
    assert first[0] == second[0]
    assert first[0][-1][0] < first[0][0][0]


def test_a_killed_process_ends_the_training_and_another_number_goes_on(start, results, tmp_path):
    checkpoint = tmp_path / "state"
    job = {"documents": False, "epochs": 3}
    process, folder = start(2, [("language_model", {**job, "checkpoint": str(checkpoint), "pause": 1.0})])
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(int((folder / "process-1").read_text()), signal.SIGKILL)
    killed = time.monotonic()
    _, error = process.communicate(timeout=100)
    assert time.monotonic() - killed < 60
    assert process.returncode != 0
    assert "SIGKILL" in error
    assert "rank" in error
    jobs = [("language_model", {**job, "checkpoint": str(checkpoint)}), ("language_model", job)]
    (((reports, numbers), (unbroken_reports, unbroken_numbers)),) = results(1, jobs)
    assert 0 < len(reports) < 3  # it went on, and did not begin again
    assert reports[-1] == pytest.approx(unbroken_reports[-1], abs=1e-5)
    assert numbers == pytest.approx(unbroken_numbers, abs=1e-4)


def test_a_classifier_of_several_processes_goes_on_with_the_masks_of_each(results, tmp_path):
    for ((whole, found, seen),) in results(2, [("resumed", {"checkpoint": str(tmp_path / "state")})]):
        assert found == whole
        assert seen == [2, 3]


def test_alone_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    ranks, device = join_ranks("cpu")
    assert (ranks, device) == (ALONE, torch.device("cpu"))
    assert ranks.sum([1, 2]) == [1, 2]
    assert ranks.any([True, False]) == [True, False]
    assert ranks.of_first(3.5) == 3.5


def test_parts_cover_everything_once():
    for size in (1, 2, 3, 5):
        rows = [row for rank in range(size) for row in range(11)[Ranks(rank, size).part(11)]]
        assert rows == list(range(11))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the names of threads")
def test_the_threads_of_the_group_end_before_the_process(run_ranks):
    """A thread of gloo that frees a tensor while Python shuts down aborts the process."""
    folder = run_ranks(
        """
import atexit, os, sys
from pathlib import Path

import torch

from textkit.training.ranks import join_ranks


def remember():
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    (Path(sys.argv[1]) / f"threads-{os.environ['RANK']}").write_text("\\n".join(names))


atexit.register(remember)  # the last to be called
join_ranks("cpu")
remember()
os.rename(Path(sys.argv[1]) / f"threads-{os.environ['RANK']}", Path(sys.argv[1]) / f"before-{os.environ['RANK']}")
torch.optim.SGD([torch.zeros(1)])
""",
        2,
    )
    for rank in (0, 1):
        assert "gloo" in (folder / f"before-{rank}").read_text()
        assert "gloo" not in (folder / f"threads-{rank}").read_text()
