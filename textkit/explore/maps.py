"""The maps of word vectors: computed in a process of their own, and cached beside the file."""

import json
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from textkit.checks import check_choice
from textkit.explore.projection import METHODS, Method, Points, project
from textkit.files.atomic import atomic_path


@dataclass
class _Job:
    """A map that is being computed, or whose computation has failed."""

    step: str = "starting"
    done: float = 0.0
    error: str = ""


class Maps:
    """The maps of some words.

    Args:
        unit: Shape (words, dim), the unit vectors of the words on the map.
        path: File of the vectors, beside which maps are cached; None to cache none.
    """

    def __init__(self, unit: Points, path: Path | None) -> None:
        self._unit, self._path = unit, path
        self._points: dict[Method, Points] = {}
        self._jobs: dict[Method, _Job] = {}
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._digest = ""

    def cached(self) -> list[Method]:
        """Return the methods whose map need not be computed."""
        return [method for method in METHODS if self._find(method) is not None]

    def points(self, method: Method) -> Points | None:
        """Return a map, shape (words, 2), from -1 to 1; None if it must be computed first, which `start` does.

        Raises:
            ValueError: If the method is unknown.
        """
        check_choice("method", method, METHODS)
        if method == "pca" and method not in self._points:
            self._points[method] = project(self._unit, method)  # within a second, even of 100,000 words
        return self._find(method)

    def start(self, method: Method) -> None:
        """Begin to compute a map in another process, unless that is being done."""
        with self._lock:
            running = method in self._jobs and not self._jobs[method].error
            if running or self._find(method) is not None:
                return
            self._jobs[method] = _Job()
        threading.Thread(target=self._compute, args=(method,), name=f"map {method}", daemon=True).start()

    def progress(self, method: Method) -> dict[str, Any]:
        """Return how far a computation is: its step, the fraction of the step that is done, and an error, if any."""
        job = self._jobs.get(method, _Job())
        return {"step": job.step, "done": job.done, "error": job.error}

    def keep(self, method: Method, points: Points) -> None:
        """Keep a map, shape (words, 2), also beside the file of the vectors if that can be written."""
        self._points[method] = points
        with suppress(OSError):  # it is computed again next time
            self._save(method)

    def close(self) -> None:
        """End all computations."""
        for process in list(self._processes):
            process.kill()

    def _compute(self, method: Method) -> None:
        job = self._jobs[method]
        try:
            with tempfile.TemporaryDirectory() as folder:
                source, target = Path(folder) / "unit.npy", Path(folder) / "points.npy"
                np.save(source, self._unit, allow_pickle=False)
                self._run(job, method, source, target)
                self.keep(method, np.load(target, allow_pickle=False))
        except Exception as error:  # whatever it is, the page shows it
            job.error = job.error or str(error)

    def _run(self, job: _Job, method: Method, source: Path, target: Path) -> None:
        command = [sys.executable, "-m", "textkit.explore.projection", method, str(source), str(target)]
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            self._processes.add(process)
            for line in process.stdout or ():
                told = json.loads(line)
                job.step, job.done = told.get("step", job.step), told.get("done", job.done)
                job.error = told.get("error", "")
            code = process.wait()
            self._processes.discard(process)
            if code:
                raise RuntimeError(job.error or f"the map could not be computed: {_last_line(errors)}")

    def _find(self, method: Method) -> Points | None:
        if method not in self._points and (cached := self._read(method)) is not None:
            self._points[method] = cached
        return self._points.get(method)

    def _file(self, method: Method) -> Path | None:
        return None if self._path is None else self._path.with_name(f"{self._path.name}.{method}.safetensors")

    def _fingerprint(self) -> str:
        """Return a hash of the vectors, so that a map of other vectors is never taken for theirs."""
        if not self._digest:
            self._digest = blake2b(np.ascontiguousarray(self._unit).data, digest_size=16).hexdigest()
        return self._digest

    def _read(self, method: Method) -> Points | None:
        file = self._file(method)
        if file is None or not file.is_file():
            return None
        try:
            with safe_open(file, framework="numpy") as opened:
                if (opened.metadata() or {}).get("vectors") != self._fingerprint():
                    return None
                points = opened.get_tensor("points")
        except (SafetensorError, OSError):
            return None  # damaged: it is computed again
        fits = points.shape == (len(self._unit), 2) and points.dtype == np.float32 and np.isfinite(points).all()
        return points if fits else None

    def _save(self, method: Method) -> None:
        file = self._file(method)
        if method == "pca" or file is None or not file.parent.is_dir():
            return
        with atomic_path(file) as temporary:
            save_file(
                {"points": np.ascontiguousarray(self._points[method])},
                temporary,
                metadata={"vectors": self._fingerprint(), "method": method},
            )


def _last_line(errors: IO[str]) -> str:
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    return lines[-1][:200] if lines else "its process was ended"
