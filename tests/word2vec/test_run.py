import numpy as np

import textkit
from textkit.kernels.skip_gram_arrays import Model
from textkit.word2vec.run import Word2VecRun
from textkit.word2vec.settings import Word2VecSettings


class Reader:
    """A kernel that reads its part of the text and nothing else."""

    device, reproducible, block_tokens, span_blocks = "cpu", True, 1024, 1024

    def __init__(self, epochs, look):
        self.settings = Word2VecSettings(dim=1, epochs=epochs)
        self.model = Model(np.zeros((1, 8), np.float32), np.zeros((1, 8), np.float32))
        self.look, self.spans = look, []

    def blocks(self, text):
        return -(-len(text.ids) // self.block_tokens)

    def compile(self, text):
        pass

    def download(self):
        return self.model

    def validate(self, text, epoch):
        return self.run(text, 0, self.blocks(text), epoch=epoch, rate=0.0, before=0, all_tokens=1)

    def run(self, text, first, last, *, epoch, rate, before, all_tokens):
        loss = float(text.ids[first * self.block_tokens : last * self.block_tokens].sum())
        self.spans.append((epoch, first, last))
        self.look()
        return loss, 1


def test_a_mapped_text_is_not_kept_in_memory(mapped_ids, mapped_bytes):
    corpus, validation = textkit.encode_corpus(["a word"]), textkit.encode_corpus(["a word"])
    corpus.ids, validation.ids = mapped_ids, mapped_ids[: len(mapped_ids) // 4]
    seen, before = [], mapped_bytes()
    kernel = Reader(2, lambda: seen.append(mapped_bytes() - before))
    run = Word2VecRun(
        kernel,
        corpus,
        validation=validation,
        init=None,
        patience=None,
        checkpoint=None,
        checkpoint_seconds=60.0,
        on_epoch=None,
        progress=False,
    )
    run.run()
    assert [span[1] for span in kernel.spans[:3]] == [0, 1024, 2 * 1024]
    assert max(seen) < 12 << 20
    assert mapped_bytes() - before < 1 << 20
