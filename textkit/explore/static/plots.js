// Small plots.
import { count, h, svg } from "./page.js";

const SIZE = 300;
const LEFT = 44;
const BOTTOM = 40;

/** Points of {x, y, name} in a plot whose axes fit them. */
export function scatter(points, { x, y }) {
  const range = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return [low, high > low ? high : low + 1];
  };
  const [xs, ys] = [range(points.map((point) => point.x)), range(points.map((point) => point.y))];
  const dots = points.map((point) => svg("circle", {
    class: "point", r: "3", cx: across(point.x, xs), cy: up(point.y, ys),
  }, svg("title", {}, `${point.name}: ${x} ${point.x}, ${y} ${point.y.toFixed(3)}`)));
  return frame(`${count(points.length)} points, ${x} against ${y}`, x, y, xs, ys, dots);
}

/** How often predictions of about the same probability were right; the area of a point is the number of predictions. */
export function calibration(bins) {
  const unit = [0, 1];
  const most = Math.max(...bins.map(([, , number]) => number));
  const dots = bins.map(([probability, frequency, number]) => svg("circle", {
    class: "point", r: 3 + 9 * Math.sqrt(number / most), cx: across(probability, unit), cy: up(frequency, unit),
  }, svg("title", {}, `probability ${probability.toFixed(2)}, right ${frequency.toFixed(2)}, ${count(number)} predictions`)));
  const diagonal = svg("line", { class: "diagonal", x1: across(0, unit), y1: up(0, unit), x2: across(1, unit), y2: up(1, unit) });
  return frame("Calibration: observed frequency against predicted probability", "predicted probability", "observed frequency",
    unit, unit, [diagonal, dots]);
}

/** A bar for a share from 0 to 1. */
export function bar(share) {
  return svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "ground", width: "100", height: "4" }),
    svg("rect", { class: "ink", width: 100 * share, height: "4" }));
}

const across = (value, [low, high]) => LEFT + ((SIZE - LEFT) * (value - low)) / (high - low);
const up = (value, [low, high]) => (SIZE - BOTTOM) * (1 - (value - low) / (high - low));

function frame(label, x, y, xs, ys, content) {
  const text = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
  return svg("svg", { class: "plot", viewBox: `-6 -12 ${SIZE + 22} ${SIZE + 18}`, role: "img", "aria-label": label },
    svg("rect", { class: "frame", x: LEFT, y: 0, width: SIZE - LEFT, height: SIZE - BOTTOM }),
    xs.map((value, place) => svg("text", { x: across(value, xs), y: SIZE - BOTTOM + 16, "text-anchor": place ? "end" : "start" }, text(value))),
    ys.map((value, place) => svg("text", { x: LEFT - 6, y: up(value, ys) + (place ? 10 : 0), "text-anchor": "end" }, text(value))),
    svg("text", { x: (SIZE + LEFT) / 2, y: SIZE - 4, "text-anchor": "middle" }, x),
    svg("text", { x: 4, y: (SIZE - BOTTOM) / 2, "text-anchor": "middle", transform: `rotate(-90 4 ${(SIZE - BOTTOM) / 2})` }, y),
    content.flat(Infinity));
}
