"""What tests of several folders share; torch is imported where it is used, as some folders are tested without it."""

import os
import signal
import struct
import subprocess
import sys
import time
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from textkit.text.vocabulary import Vocabulary

NEVER = -1e4  # the logit of a chance of 0: its exponential is 0 in float32


def pytest_configure():
    """Let signals be seen: a shell has tests in its background ignore Ctrl-C, and nohup has them ignore SIGHUP."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_runtest_setup(item):
    """Skip what needs data or a device that is not there."""
    if item.get_closest_marker("data") and not os.environ.get("TEXTKIT_DATA"):
        pytest.skip("TEXTKIT_DATA names no data folder")
    if item.get_closest_marker("gpu") and not has_gpu():
        pytest.skip("there is no CUDA device")


def has_gpu():
    """Whether torch finds a CUDA device."""
    if not find_spec("torch"):
        return False
    import torch

    return torch.cuda.is_available()


@pytest.fixture(autouse=True)
def auto_is_the_cpu(request, monkeypatch):
    """Let the default device be the CPU, whose bytes are compared, also where there is a GPU."""
    torch = sys.modules.get("torch")
    if torch is not None and not request.node.get_closest_marker("gpu") and torch.cuda.is_available():
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hugging Face Hub on this machine, with an empty cache and the right token."""
    constants = pytest.importorskip("huggingface_hub.constants")
    # Tests are imported by their paths, and their folder is no package.
    spec = spec_from_file_location("fake_hub", Path(__file__).with_name("fake_hub.py"))
    fake_hub = module_from_spec(spec)
    spec.loader.exec_module(fake_hub)
    fake = fake_hub.FakeHub()
    monkeypatch.setattr(constants, "ENDPOINT", fake.url)
    template = fake.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setenv("HF_TOKEN", fake_hub.TOKEN)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two tries
    yield fake
    fake.close()


@pytest.fixture
def mapped_bytes():
    """Return a function that tells how much of this process's memory is pages of files."""
    status = Path("/proc/self/status")
    if not status.exists() or "RssFile" not in status.read_text():
        pytest.skip("only Linux tells pages of files from other memory")

    def pages():
        lines = dict(line.split(":") for line in status.read_text().splitlines())
        return 1024 * sum(int(lines[kind].split()[0]) for kind in ("RssFile", "RssShmem"))  # the latter in a tmpfs

    return pages


@pytest.fixture
def mapped_ids(tmp_path):
    """Return 32 MiB of zeros as memory-mapped ids."""
    with (tmp_path / "mapped").open("wb") as file:
        file.truncate(32 << 20)
    return np.memmap(tmp_path / "mapped", np.int32, "r")


@pytest.fixture(scope="session")
def bigrams():
    """Make a language model whose chances are a table, {token: {next token: chance}}, and known by hand."""
    import torch

    from textkit.language_model.language_model import LanguageModel
    from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig

    def make(table, *, unit="char", specials=None):
        if specials is None:
            specials = ("<pad>", "<unk>") if unit == "char" else ("<pad>", "<unk>", "<eos>")
        tokens = {token for row in table.values() for token in row} | set(table)
        vocabulary = Vocabulary.from_counts(dict.fromkeys(tokens, 1), specials=specials)
        size = len(vocabulary)
        logits = np.full((size, size), NEVER, np.float32)
        for token, row in table.items():
            for after, chance in row.items():
                logits[vocabulary[token], vocabulary[after]] = np.log(chance)
        model = RnnLanguageModel(RnnLanguageModelConfig(cell="rnn_relu", dim=size, hidden=size), size)
        one_hot = torch.eye(size)  # the state is the last token, one-hot
        layer = {"weight_ih": one_hot, "weight_hh": 0 * one_hot, "bias_ih": 0 * one_hot[0], "bias_hh": 0 * one_hot[0]}
        model.load_state_dict(
            {
                "embedding": one_hot,
                **{f"layers.0.{name}": weight for name, weight in layer.items()},
                "output_weight": torch.from_numpy(logits.T.copy()),
                "output_bias": torch.zeros(size),
            }
        )
        return LanguageModel(model, vocabulary, unit=unit)

    return make


@pytest.fixture(scope="session")
def random_model():
    """Make a language model of lower-case characters with random weights that are far from even."""
    torch = pytest.importorskip("torch")
    from textkit.language_model.language_model import LanguageModel
    from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig

    def make(*, seed=1, spread=0.7, **config):
        vocabulary = Vocabulary.from_counts(
            dict.fromkeys("abcdefghijklmnopqrstuvwxyz \n", 1), specials=("<pad>", "<unk>")
        )
        config = RnnLanguageModelConfig(**{"dim": 12, "hidden": 16, **config})
        generator = torch.Generator().manual_seed(seed)
        model = RnnLanguageModel(config, len(vocabulary), generator=generator)
        with torch.no_grad():
            for weight in model.parameters():
                weight.normal_(0, spread, generator=generator)
        return LanguageModel(model, vocabulary, unit="char")

    return make


@pytest.fixture
def start_ranks(tmp_path):
    """Start a script in one process, or in several by torchrun; it gets a folder of its own as the first argument."""

    def start(script, ranks, *arguments):
        folder = tmp_path / f"{ranks}-{time.monotonic_ns()}"
        folder.mkdir()
        (folder / "child.py").write_text(script)
        launch = [] if ranks == 1 else ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
        command = [sys.executable, *launch, folder / "child.py", folder, *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        if sys.platform == "linux":
            environment["GLOO_SOCKET_IFNAME"] = "lo"  # the machine's own name need not be known
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True), folder

    return start


@pytest.fixture
def run_ranks(start_ranks):
    """Run a script as `start_ranks` does, and return its folder."""

    def run(script, ranks, *arguments):
        process, folder = start_ranks(script, ranks, *arguments)
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
        return folder

    return run


@pytest.fixture
def one_thread():
    """Sums of small matrices are not made faster by more."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def fasttext_bytes():
    """Write a model file of fastText from its fields, independently of the package.

    A quantized matrix is a dict of ``codes``, ``centroids`` (parts, 256, width), and ``norm_codes`` and ``norms``.
    """

    def matrix(numbers):
        if not isinstance(numbers, dict):
            numbers = np.asarray(numbers, "<f4")
            return struct.pack("<2q", *numbers.shape) + numbers.tobytes()
        codes, centroids = np.asarray(numbers["codes"], np.uint8), np.asarray(numbers["centroids"], "<f4")
        parts, _, width = centroids.shape
        data = struct.pack("<?2qi", "norms" in numbers, len(codes), parts * width, codes.size) + codes.tobytes()
        data += struct.pack("<4i", parts * width, parts, width, width) + centroids.tobytes()
        if "norms" in numbers:
            data += np.asarray(numbers["norm_codes"], np.uint8).tobytes()
            data += struct.pack("<4i", 1, 1, 1, 1) + np.asarray(numbers["norms"], "<f4").tobytes()
        return data

    def write(
        words, rows, output, *, labels=(), counts=None, model=3, loss=3, word_ngrams=1, buckets=0, n=(0, 0),
        kept=None, version=12, dim=None,
    ):  # fmt: skip
        dim = np.shape(rows)[1] if dim is None else dim
        data = struct.pack("<2i", 793712314, version)
        data += struct.pack("<12id", dim, 5, 5, 1, 5, word_ngrams, loss, model, buckets, *n, 100, 1e-4)
        data += struct.pack("<3i", len(words) + len(labels), len(words), len(labels))
        data += struct.pack("<2q", 1000, -1 if kept is None else len(kept))
        for number, entry in enumerate([*words, *labels]):
            entry = entry if isinstance(entry, bytes) else entry.encode()
            count = 10 if counts is None else counts[number]
            data += entry + b"\0" + struct.pack("<qb", count, number >= len(words))
        for pair in kept or []:
            data += struct.pack("<2i", *pair)
        for each in (rows, output):
            data += struct.pack("<?", isinstance(each, dict)) + matrix(each)
        return data

    return write
