"""Let a process that was forked from one that has used a model answer, too.

torch's threads do not survive a fork, but their pool believes that they are there: the next parallel loop in the child
would wait for them for ever. A single thread waits for nobody.
"""

import os

import torch

_used = False


def note_use() -> None:
    """Note that torch is about to compute in this process, which may start its threads."""
    global _used
    _used = True


def _after_fork() -> None:
    if _used:
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
