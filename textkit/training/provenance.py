"""How, from what, when and with which versions a model was trained; it is saved beside the weights."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def provenance(
    *,
    data: Mapping[str, str | None],
    settings: Mapping[str, Any],
    libraries: Sequence[str] = ("torch", "numpy"),
    init: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe a training run that ends now.

    All entries but the date depend on the run alone, so that the files of two runs of one day can be compared byte by
    byte. ``SOURCE_DATE_EPOCH``, a number of seconds since 1970 in the environment, replaces the date.

    Args:
        data: Digest of each text or data set, by the name of its argument; None for one that was not given.
        settings: All settings, by name, the seed and the device included; what JSON lacks becomes a str.
        libraries: Packages that the result depends on, besides textkit.
        init: The description of the model that the run started from; None without one.

    Returns:
        The entries "trained" (the day in UTC, such as "2026-01-31"), "versions", "data", "settings" and, with one,
        "init"; equal to what is read back from JSON.
    """
    found = {
        "trained": _now().strftime("%Y-%m-%d"),
        "versions": {name: _version(name) for name in ("textkit", *libraries)},
        "data": dict(data),
        "settings": dict(settings),
    }
    if init is not None:
        found["init"] = dict(init)
    described: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return described


def _now() -> datetime:
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    # Nobody should lose a trained model because of a wrong value.
    if seconds.isascii() and seconds.isdigit() and len(seconds) < 12:
        return datetime.fromtimestamp(int(seconds), timezone.utc)
    return datetime.now(timezone.utc)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
