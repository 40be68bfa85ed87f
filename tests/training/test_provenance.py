import json
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path

import pytest

from textkit.training.provenance import provenance


def test_a_description_says_from_what_when_and_with_which_versions(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    found = provenance(data={"corpus": "ab12", "valid": None}, settings={"seed": 3, "cutoffs": (5, 9)})
    trained = datetime.strptime(found["trained"], "%Y-%m-%d").replace(tzinfo=timezone.utc)
    assert timedelta(0) <= datetime.now(timezone.utc) - trained < timedelta(days=1, minutes=1)
    assert found["versions"] == {name: version(name) for name in ("textkit", "torch", "numpy")}
    assert found["data"] == {"corpus": "ab12", "valid": None}
    assert found["settings"] == {"seed": 3, "cutoffs": [5, 9]}
    assert "init" not in found
    assert json.loads(json.dumps(found)) == found


def test_a_model_that_the_run_started_from_is_described_too():
    first = provenance(data={"corpus": "a"}, settings={})
    assert provenance(data={"corpus": "b"}, settings={}, init=first)["init"] == first


def test_the_date_can_be_fixed(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert provenance(data={}, settings={})["trained"] == "1970-01-02"


@pytest.mark.parametrize("seconds", ["yesterday", "-1", "9" * 40, ""])
def test_a_wrong_date_costs_no_model(monkeypatch, seconds):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    assert provenance(data={}, settings={})["trained"] >= "2026"


def test_what_json_lacks_becomes_a_str():
    found = provenance(data={}, settings={"folder": Path("a")}, libraries=["no-such-package"])
    assert found["settings"] == {"folder": "a"}
    assert found["versions"]["no-such-package"] is None
