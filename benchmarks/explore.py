"""The page of ``textkit explore``, measured in Chromium.

    python benchmarks/explore.py

The first paint is measured from the start of the command, for the built-in things, which are cached; the browser is
open already. The map has as many words as it may have at most, random vectors in 200 groups; its projection is cached.
"Interactive" means that the points are drawn and the neighbors of a word are listed; it is measured from the start of
the command, loading included. Frames are counted while the map is dragged. Analogies and texts are timed in the page,
from typing to the answer in the document.
"""

import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from playwright.sync_api import Page, sync_playwright

import textkit
from textkit.explore.built_in import built_in_things
from textkit.explore.maps import Maps

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]
EXTRA = ("starlette", "uvicorn", "umap-learn", "pynndescent", "openTSNE")
SENTENCE = "The fox went down to the river, and there she met an old woman who had lost her spoon."


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; yields its process and the address of the page."""
    command = [sys.executable, "-m", "textkit", "explore", "--no-browser", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.terminate()


def first_paint(page: Page) -> float:
    """Return the seconds from the start of the command to the first paint with content."""
    start = time.time()
    with running() as (_, address):
        page.goto(address, wait_until="commit")
        script = """() => new Promise((found) => new PerformanceObserver((list) => {
            const paint = list.getEntriesByName("first-contentful-paint")[0];
            if (paint) found(performance.timeOrigin + paint.startTime);
        }).observe({ type: "paint", buffered: true }))"""
        return float(page.evaluate(script)) / 1000 - start


def made_vectors(folder: Path, words: int, dim: int) -> Path:
    """Save random vectors in 200 groups, and a random map of them as their projection by UMAP."""
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(200, dim))
    matrix = (centers[generator.integers(200, size=words)] + 0.7 * generator.normal(size=(words, dim))).astype("f4")
    vectors = textkit.WordVectors([f"word{row}" for row in range(words)], matrix)
    path = folder / "large.safetensors"
    vectors.save(path)
    maps = Maps(vectors.unit, path)
    points = maps.points("pca")
    assert points is not None
    maps.keep("umap", points)
    return path


def map_figures(page: Page, address: str, start: float) -> dict[str, Any]:
    """Return the seconds from the start until the map is interactive, and the frames while it is dragged."""
    page.goto(address)
    page.locator("canvas[role=application]").wait_for(timeout=60_000)
    page.get_by_label("Search a word").fill("word7")
    page.keyboard.press("Enter")
    page.locator(".found li").first.wait_for()
    interactive = time.perf_counter() - start
    frames = page.evaluate(
        """async () => {
            const canvas = document.querySelector("canvas[role=application]");
            const box = canvas.getBoundingClientRect();
            const send = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, {
                pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
            canvas.setPointerCapture = () => {};
            send("pointerdown", 300, 300);
            const times = [];
            for (let step = 0; step < 150; step++) {
                send("pointermove", 300 + 150 * Math.sin(step / 15), 300 + 80 * Math.cos(step / 15));
                times.push(await new Promise(requestAnimationFrame));
            }
            send("pointerup", 300, 300);
            return times.slice(1).map((time, step) => time - times[step]);
        }"""
    )
    return {
        "interactive_s": interactive,
        "frames_per_s": 1000 / statistics.mean(frames),
        "frame_ms_95": float(np.quantile(frames, 0.95)),
    }


def answer_times(page: Page, summary: str, inputs: list[str]) -> list[float]:
    """Type into the panel of analogies; return the milliseconds until each answer is in the document."""
    page.locator("summary", has_text=summary).click()
    return [
        float(
            page.evaluate(
                """([title, text]) => new Promise((found) => {
                    const panels = [...document.querySelectorAll("details")];
                    const panel = panels.find((each) => each.textContent.startsWith(title));
                    const input = panel.querySelector("input");
                    input.value = text;
                    const start = performance.now();
                    const watch = new MutationObserver(() => {
                        if (!panel.querySelector(".found")) return;
                        watch.disconnect();
                        found(performance.now() - start);
                    });
                    watch.observe(panel, { childList: true, subtree: true });
                    input.form.requestSubmit();
                })""",
                [summary, text],
            )
        )
        for text in inputs
    ]


def shading_times(page: Page, address: str) -> dict[str, float]:
    """Return the milliseconds until a sentence is shaded, by surprisal and by its shares."""
    page.goto(f"{address}#1")
    section = page.get_by_label("Surprisal", exact=True)
    section.wait_for(timeout=300_000)
    script = """([label, text]) => new Promise((found) => {
        const section = document.querySelector(`section[aria-label="${label}"]`);
        const input = section.querySelector("textarea");
        for (const old of section.querySelectorAll(".text")) old.remove();
        input.value = text;
        const start = performance.now();
        const watch = new MutationObserver(() => {
            if (!section.querySelector(".text .shade")) return;
            watch.disconnect();
            found(performance.now() - start);
        });
        watch.observe(section, { childList: true, subtree: true });
        if (input.form) input.form.requestSubmit();
        else input.dispatchEvent(new Event("input"));
    })"""

    def median(label: str) -> float:
        times = [page.evaluate(script, [label, f"{SENTENCE} {number}"]) for number in range(7)]
        return float(statistics.median(times))

    found = {"surprisal_ms": median("Surprisal")}
    page.goto(f"{address}#2")
    page.get_by_label("Classify", exact=True).wait_for(timeout=60_000)
    return found | {"shares_ms": median("Classify")}


def resident(process: subprocess.Popen[str]) -> float:
    """Return the memory of a process, in megabytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def installed(name: str) -> float:
    """Return the size of an installed package, in megabytes."""
    files = distribution(name).files or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).exists()) / 1e6


def main(
    words: Annotated[int, typer.Option(help="Number of words on the map.", min=10)] = 100_000,
    dim: Annotated[int, typer.Option(help="Dimension of their vectors.", min=2)] = 300,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the figures as JSON.")] = None,
) -> None:
    """Measure the page."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    for thing in built_in_things():
        thing.wait(600)  # trained now, if it is not cached
    figures: dict[str, Any] = {"extra_mb": sum(map(installed, EXTRA)), "words": words, "dim": dim}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto("about:blank")
        figures["first_paint_s"] = statistics.median(first_paint(page) for _ in range(3))
        path, start = made_vectors(Path(folder), words, dim), time.perf_counter()
        with running(str(path)) as (_, address):
            figures |= map_figures(page, address, start)
            chosen = np.random.default_rng(1).integers(words, size=(60, 3))
            typed = [f"word{a} - word{b} + word{c}" for a, b, c in chosen]
            figures["analogy_ms_95"] = float(np.quantile(answer_times(page, "Analogies", typed), 0.95))
        with running() as (process, address):
            figures |= shading_times(browser.new_page(), address)
            for number in range(10):
                other = browser.new_page()
                other.goto(f"{address}#{number % 3}")
                other.locator("canvas[role=application], .page").first.wait_for(timeout=60_000)
            figures["server_mb_10_pages"] = resident(process)
        figures["chromium"] = browser.version
        browser.close()
    figures["machine"] = platform.processor() or platform.machine()
    for name, value in figures.items():
        print(f"{name:20} {value:12,.2f}" if isinstance(value, float) else f"{name:20} {value!s:>12}")
    if output is not None:
        output.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
