"""Early stopping."""

from collections.abc import Sequence


def stalled(losses: Sequence[float], patience: int | None) -> bool:
    """Whether the last ``patience`` losses are no lower than the best before them.

    Args:
        losses: The validation loss after each epoch.
        patience: Number of epochs without improvement after which to stop; None never stops.

    >>> stalled([3.0, 2.0, 2.5], 1), stalled([3.0, 2.0, 1.5], 1), stalled([3.0], 1), stalled([1.0, 2.0], None)
    (True, False, False, False)
    """
    if patience is None or len(losses) <= patience:
        return False
    return min(losses[-patience:]) >= min(losses[:-patience])
