// A map of points: all of them are drawn into the pixels of a canvas, which takes a few milliseconds for 100,000 and
// needs no graphics card. Words, marks and the selection are drawn over them.
import { categories, onScheme, pixel, trace, variable } from "./colors.js";
import { h, styled } from "./page.js";

const LABELS = 70;
const CANDIDATES = 3000; // words in sight that are tried as labels
const PLAIN = "13px system-ui, sans-serif";
const BOLD = "600 14px system-ui, sans-serif";
const REACH = 14; // pixels from the pointer to a point that it means
const NEAREST = 4000; // the strongest magnification

export class PointMap {
  /** `words` are the labels of the points, the most important first; `onPick` is called with the number of a point. */
  constructor(place, words, { name, onPick }) {
    this.words = words;
    this.onPick = onPick;
    this.marks = []; // {row, shape, color}
    this.names = []; // {row, text, color}: names of regions, drawn at a point
    this.groups = null; // Uint8Array, a color for each point
    this.widths = new Float32Array(words.length);
    this.selected = -1;
    this.related = [];
    this.view = { x: 0, y: 0, scale: 1 };
    this.canvas = h("canvas", {
      tabindex: "0", role: "application",
      "aria-label": `${name}. Arrow keys move, plus and minus zoom, 0 shows all, Enter picks the word in the middle.`,
    });
    this.tip = h("div", { class: "tip", hidden: true });
    place.append(this.canvas, this.tip);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.pointers = new Map();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(place);
    onScheme(() => this.recolor());
    this.recolor();
  }

  /** Show points, a flat array of x and y from -1 to 1; names of regions are for some projections only. */
  show(points, { names = true } = {}) {
    this.points = points;
    this.hasNames = names;
    this.reset();
  }

  reset() {
    this.view = { x: 0, y: 0, scale: 0.5 * Math.min(this.width || 1, this.height || 1) };
    this.draw();
  }

  select(row, related = []) {
    this.selected = row;
    this.related = related.filter((other) => other >= 0);
    this.draw();
  }

  /** Move the map such that a point is in sight. */
  reveal(row) {
    if (row < 0 || !this.points) return;
    const [x, y] = this.toScreen(row);
    const margin = 40;
    if (x > margin && y > margin && x < this.width - margin && y < this.height - margin) return;
    this.view.x = this.points[2 * row];
    this.view.y = this.points[2 * row + 1];
    this.draw();
  }

  recolor() {
    this.colors = { paper: variable("--paper"), ink: variable("--ink"), point: variable("--point"), accent: variable("--accent") };
    this.draw();
  }

  resize() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const before = Math.min(this.width, this.height);
    const ratio = Math.min(devicePixelRatio || 1, 2);
    [this.width, this.height, this.ratio] = [box.width, box.height, ratio];
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    if (before) this.view.scale *= Math.min(this.width, this.height) / before;
    else this.reset();
    if (this.points) this.paint(); // at once, as a canvas is emptied by its new size
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.points && this.pixels) this.paint();
    });
  }

  paint() {
    const { context, ratio } = this;
    this.paintPoints();
    context.putImageData(this.image, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paintRelated();
    this.paintMarks();
    this.paintLabels();
    if (document.activeElement === this.canvas && this.canvas.matches(":focus-visible")) this.paintMiddle();
  }

  paintPoints() {
    const { pixels, points, groups, ratio } = this;
    const { width, height } = this.canvas;
    const paper = this.colors.paper;
    pixels.fill(pixel(paper));
    const palette = groups ? categories().map((color) => pixel(color, paper, 0.85)) : [pixel(this.colors.point, paper, 0.8)];
    const total = points.length / 2;
    const zoom = this.view.scale / (0.5 * Math.min(this.width, this.height));
    const crowd = total / (zoom * zoom);
    const size = Math.max(1, Math.round(ratio * (crowd > 20000 ? 1.5 : crowd > 4000 ? 2.5 : crowd > 300 ? 4 : 6)));
    const scale = this.view.scale * ratio;
    const left = width / 2 - this.view.x * scale - size / 2;
    const top = height / 2 + this.view.y * scale - size / 2;
    for (let row = 0; row < total; row++) {
      const x = (left + points[2 * row] * scale) | 0;
      const y = (top - points[2 * row + 1] * scale) | 0;
      if (x < 0 || y < 0 || x + size > width || y + size > height) continue;
      const color = groups ? palette[groups[row] % palette.length] : palette[0];
      for (let line = y; line < y + size; line++) pixels.fill(color, line * width + x, line * width + x + size);
    }
  }

  paintRelated() {
    const { context } = this;
    if (this.selected < 0) return;
    const [x, y] = this.toScreen(this.selected);
    context.strokeStyle = this.colors.accent;
    context.lineWidth = 1;
    context.globalAlpha = 0.45;
    context.beginPath();
    for (const row of this.related) {
      context.moveTo(x, y);
      context.lineTo(...this.toScreen(row));
    }
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, 7, 0, 2 * Math.PI);
    context.stroke();
  }

  paintMarks() {
    const { context } = this;
    for (const { row, shape, color } of this.marks) {
      const [x, y] = this.toScreen(row);
      trace(context, shape, x, y, 6);
      context.fillStyle = categories()[color % 8];
      context.fill("evenodd");
      context.lineWidth = 1.5;
      context.strokeStyle = this.colors.paper;
      context.stroke();
    }
  }

  paintLabels() {
    const { context } = this;
    const taken = [];
    context.textBaseline = "middle";
    for (const { row, text, color } of this.hasNames ? this.names : []) this.label(row, text, taken, { bold: true, color: categories()[color], force: true });
    for (const row of [this.selected, ...this.related]) {
      if (row >= 0) this.label(row, this.words[row], taken, { bold: row === this.selected, force: row === this.selected });
    }
    for (const { row } of this.marks) this.label(row, this.words[row], taken, {});
    let tried = 0;
    for (let row = 0, left = LABELS - taken.length; row < this.words.length && left > 0 && tried < CANDIDATES; row++) {
      const [x, y] = this.toScreen(row);
      if (x < 0 || y < 0 || x > this.width || y > this.height) continue;
      tried++;
      if (this.label(row, this.words[row], taken, { quiet: true })) left--;
    }
  }

  /** Draw a label beside its point unless another one is there; return whether it was drawn. */
  label(row, text, taken, { bold = false, quiet = false, force = false, color = this.colors.ink }) {
    const { context } = this;
    const [x, y] = this.toScreen(row);
    if (x < -50 || y < 0 || x > this.width || y > this.height) return false;
    const short = text.length > 28 ? `${text.slice(0, 27)}…` : text;
    context.font = bold ? BOLD : PLAIN;
    const width = bold ? context.measureText(short).width : this.widthOf(row, short);
    const box = { left: x + 7, right: x + 12 + width, top: y - 9, bottom: y + 9 };
    const overlaps = taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom);
    if (overlaps && !force) return false;
    context.globalAlpha = quiet ? 0.7 : 0.9;
    context.fillStyle = this.colors.paper;
    context.fillRect(x + 7, y - 8, width + 4, 16);
    context.globalAlpha = 1;
    context.fillStyle = color;
    context.fillText(short, x + 9, y);
    taken.push(box);
    return true;
  }

  /** The width of a word in the plain font; measuring takes longer than drawing, so it is done once. */
  widthOf(row, short) {
    if (!this.widths[row]) this.widths[row] = this.context.measureText(short).width;
    return this.widths[row];
  }

  paintMiddle() {
    const { context, width, height } = this;
    context.strokeStyle = this.colors.ink;
    context.lineWidth = 1;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(width / 2 + 4 * dx, height / 2 + 4 * dy);
      context.lineTo(width / 2 + 12 * dx, height / 2 + 12 * dy);
    }
    context.stroke();
  }

  toScreen(row) {
    const { x, y, scale } = this.view;
    return [this.width / 2 + (this.points[2 * row] - x) * scale, this.height / 2 - (this.points[2 * row + 1] - y) * scale];
  }

  /** The point closest to a place on the screen, -1 if none is near. */
  at(screenX, screenY, reach = REACH) {
    if (!this.points) return -1;
    const { x, y, scale } = this.view;
    const px = (screenX - this.width / 2) / scale + x;
    const py = -(screenY - this.height / 2) / scale + y;
    let best = -1;
    let least = (reach / scale) ** 2;
    for (let row = 0; row < this.points.length / 2; row++) {
      const distance = (this.points[2 * row] - px) ** 2 + (this.points[2 * row + 1] - py) ** 2;
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }

  zoom(factor, screenX = this.width / 2, screenY = this.height / 2) {
    const { view } = this;
    const home = 0.5 * Math.min(this.width, this.height);
    const scale = Math.min(NEAREST * home, Math.max(0.5 * home, view.scale * factor));
    const [dx, dy] = [screenX - this.width / 2, screenY - this.height / 2];
    view.x += dx / view.scale - dx / scale;
    view.y -= dy / view.scale - dy / scale;
    view.scale = scale;
    this.draw();
  }

  pan(dx, dy) {
    this.view.x -= dx / this.view.scale;
    this.view.y += dy / this.view.scale;
    this.draw();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY, moved: 0 });
    });
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => {
      const pointer = this.pointers.get(event.pointerId);
      this.pointers.delete(event.pointerId);
      if (pointer && pointer.moved < 5) this.pick(this.at(event.offsetX, event.offsetY));
    });
    canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    canvas.addEventListener("keydown", (event) => this.pressed(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
  }

  moved(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      this.hint(event.offsetX, event.offsetY);
      return;
    }
    const [dx, dy] = [event.offsetX - pointer.x, event.offsetY - pointer.y];
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    if (others.length) {
      const distance = (x, y) => Math.hypot(x - others[0].x, y - others[0].y) || 1;
      this.zoom(distance(event.offsetX, event.offsetY) / distance(pointer.x, pointer.y), others[0].x, others[0].y);
    } else {
      this.pan(dx, dy);
    }
    pointer.moved += Math.abs(dx) + Math.abs(dy);
    [pointer.x, pointer.y] = [event.offsetX, event.offsetY];
    this.tip.hidden = true;
  }

  hint(x, y) {
    const row = this.at(x, y);
    this.tip.hidden = row < 0;
    if (row < 0) return;
    this.tip.textContent = this.words[row];
    styled(this.tip, { left: `${Math.min(x + 12, this.width - 120)}px`, top: `${Math.max(0, y - 30)}px` });
  }

  pressed(event) {
    const step = 60;
    const actions = {
      ArrowLeft: () => this.pan(step, 0), ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step), ArrowDown: () => this.pan(0, -step),
      "+": () => this.zoom(1.4), "=": () => this.zoom(1.4), "-": () => this.zoom(1 / 1.4), 0: () => this.reset(),
      Enter: () => this.pick(this.at(this.width / 2, this.height / 2, 1e6)),
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  pick(row) {
    if (row >= 0) this.onPick(row);
  }
}
