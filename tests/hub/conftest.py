import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

constants = pytest.importorskip("huggingface_hub.constants")


def _fake_hub():
    # Tests are imported by their paths, so that this folder is no package.
    spec = spec_from_file_location("fake_hub", Path(__file__).with_name("fake_hub.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub on this machine, with an empty cache of its own, and the right token."""
    fake = _fake_hub().FakeHub()
    monkeypatch.setattr(constants, "ENDPOINT", fake.url)
    template = fake.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two tries
    yield fake
    fake.close()
