// Analogies, axes, groups of words and clusters.
import { categories, onScheme, SHAPES, trace } from "./colors.js";
import { call, count, fill, h, unpack } from "./page.js";
import { field, form, panel, wordList } from "./widgets.js";

export function analogyTool({ number, pick }) {
  const result = h("div", { "aria-live": "polite" });
  const [label, input] = field("Such as king - man + woman, or man : king = woman");
  let last = 0;
  const answer = async () => {
    const mine = ++last;
    const found = await call(number, "analogy", { query: input.value });
    if (mine !== last) return;
    const sum = [...found.added.map((word) => ["+", word]), ...found.subtracted.map((word) => ["−", word])];
    fill(result, h("h3", {}, sum.map(([sign, word], place) => (place || sign === "−" ? ` ${sign} ${word}` : word)).join("").trim()),
      wordList(found.answers, pick));
  };
  return panel("Analogies", form(result, answer, h("div", { class: "row" }, label, h("button", {}, "Solve"))), result);
}

export function axisTool({ number, pick, main }) {
  const result = h("div", { "aria-live": "polite" });
  const [startLabel, start] = field("From", { placeholder: "cold" });
  const [endLabel, end] = field("To", { placeholder: "warm" });
  const poles = h("div", { class: "poles" });
  const back = h("button", { type: "button", hidden: true, onclick: () => leave() }, "Back to the map");
  const leave = () => {
    poles.remove();
    back.hidden = true;
    fill(result);
    main.map.show(main.points);
  };
  main.onMap = () => {
    poles.remove();
    back.hidden = true;
  };
  const answer = async () => {
    const found = await call(number, "axis", { start: start.value, end: end.value });
    const [x, y] = [unpack(found.x, Float32Array), unpack(found.y, Float32Array)];
    const points = new Float32Array(2 * x.length);
    for (let row = 0; row < x.length; row++) [points[2 * row], points[2 * row + 1]] = [x[row], y[row]];
    main.map.show(points, { names: false });
    fill(poles, h("span", {}, `← ${start.value}`), h("span", {}, `${end.value} →`));
    main.place.append(poles);
    back.hidden = false;
    fill(result, h("p", { class: "quiet" }, "All words of the map from left to right, frequent ones on top."),
      h("div", { class: "columns" },
        h("div", {}, h("h3", {}, "← ", start.value), wordList(found.start, pick)),
        h("div", {}, h("h3", {}, end.value, " →"), wordList(found.end, pick))));
  };
  return panel("Axis between words", form(result, answer,
    h("div", { class: "row" }, startLabel, endLabel, h("button", {}, "Show"))),
  h("p", { class: "quiet" }, "Several words for an end are separated by commas."), back, result);
}

export function groupTool({ main }) {
  const result = h("div", { "aria-live": "polite" });
  const input = h("textarea", {
    rows: "4", spellcheck: "false", "aria-label": "Groups of words, one on each line",
    placeholder: "animals: fox, wolf, bear\nfamily: mother, father",
  });
  const mark = async () => {
    const groups = parsedGroups(input.value);
    if (!groups.length) throw new Error("Write a group on each line, such as animals: fox, wolf, bear");
    const missing = [];
    main.map.marks = groups.flatMap(({ words }, place) => words.flatMap((word) => {
      const row = main.index.get(word) ?? main.index.get(word.toLowerCase());
      if (row === undefined) missing.push(word);
      return row === undefined ? [] : [{ row, shape: SHAPES[place % SHAPES.length], color: place }];
    }));
    main.map.draw();
    fill(result, h("ul", {}, groups.map(({ name, words }, place) =>
      h("li", {}, key(place, SHAPES[place % SHAPES.length]), `${name} (${count(words.length)})`))),
    missing.length ? h("p", { class: "quiet" }, "Not on the map: ", missing.join(", ")) : null);
  };
  const clear = () => {
    main.map.marks = [];
    main.map.draw();
    fill(result);
  };
  return panel("Groups of words", form(result, mark, input, h("div", { class: "row" },
    h("button", {}, "Mark"), h("button", { type: "button", onclick: clear }, "Clear"))), result);
}

/** Groups in a text: a line "name: word, word" for each; words may be separated by spaces instead. */
export function parsedGroups(text) {
  return text.split("\n").filter((line) => line.trim()).map((line, place) => {
    const [, name, rest] = line.match(/^([^:]*\S):\s(.*)$/) || [null, `group ${place + 1}`, line];
    const words = rest.split(rest.includes(",") ? "," : /\s+/).map((word) => word.trim()).filter(Boolean);
    return { name: name.trim(), words: [...new Set(words)] };
  }).filter(({ words }) => words.length);
}

export function clusterTool({ number, main }) {
  const result = h("div", { "aria-live": "polite" });
  const amount = h("input", { type: "number", min: "2", max: "8", value: "8" });
  const show = async () => {
    fill(result, h("p", { class: "quiet" }, "Grouping the words …"));
    const found = await call(number, "clusters", { count: Number(amount.value) });
    main.map.groups = unpack(found.clusters, Uint8Array);
    main.map.names = found.named.filter(({ row }) => row !== null)
      .map(({ name, row }, color) => ({ row, text: name.split(", ")[0], color }));
    main.map.draw();
    fill(result, h("ul", {}, found.named.map(({ name, words }, place) =>
      h("li", {}, key(place, "square"), name, h("span", { class: "quiet" }, ` ${count(words)} words`)))));
  };
  const clear = () => {
    main.map.groups = null;
    main.map.names = [];
    main.map.draw();
    fill(result);
  };
  return panel("Clusters", form(result, show, h("div", { class: "row" },
    h("label", {}, "Number", amount), h("button", {}, "Find"), h("button", { type: "button", onclick: clear }, "Clear"))),
  result);
}

/** The sign of a group in a legend: its shape in its color. */
function key(place, shape) {
  const canvas = h("canvas", { class: "key", width: "26", height: "26", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const paint = () => {
    context.clearRect(0, 0, 26, 26);
    trace(context, shape, 13, 13, 9);
    context.fillStyle = categories()[place % 8];
    context.fill("evenodd");
  };
  paint();
  onScheme(paint);
  return canvas;
}
