// Word vectors: maps side by side, search, neighbors, and the tools of the other files.
import { PointMap } from "./map.js";
import { call, count, fill, guarded, h, settled, pause, unpack } from "./page.js";
import { analogyTool, axisTool, clusterTool, groupTool } from "./vector_tools.js";
import { compareTool, similarityTool } from "./vector_tables.js";
import { wordList } from "./widgets.js";

const METHOD_NAMES = { pca: "PCA", umap: "UMAP", tsne: "t-SNE" };
const SUGGESTED = 12;
const NEIGHBORS = 12;

export async function create(view, number, things, onState) {
  const about = await call(number, "about", {}, onState);
  const maps = h("div", { class: "maps" });
  const side = h("div", { class: "side" });
  view.append(h("div", { class: "vectors" }, maps, side));
  const panes = [];
  const pick = (word) => choose(word, true);
  const main = await openPane(number, things[number].name, about, pick, onState);
  maps.append(main.figure);
  panes.push(main);
  const result = h("div", { "aria-live": "polite" });
  const context = { number, things, about, main, panes, maps, pick, openPane, picked: null, listeners: [] };
  side.append(
    searchTool(about, pick, result),
    analogyTool(context), axisTool(context), groupTool(context), clusterTool(context),
    ...[compareTool(context), similarityTool(context)].filter(Boolean),
  );

  async function choose(word, reveal) {
    await guarded(result, async () => {
      const found = await call(number, "neighbors", { word, k: NEIGHBORS });
      context.picked = found.word;
      fill(result, h("h3", {}, "Neighbors of “", found.word, "”"), wordList(found.neighbors, pick));
      for (const pane of panes) {
        const row = pane.index.get(found.word) ?? -1;
        const related = pane === main ? found.neighbors.map(([, , other]) => other) : [];
        pane.map.select(row, related);
        if (reveal) pane.map.reveal(row);
      }
      for (const listener of context.listeners) listener(found.word);
    });
  }
}

/** A map with its caption, in which the projection is chosen. */
async function openPane(number, name, about, pick, onState = () => {}) {
  const place = h("div", { class: "canvas" });
  const status = h("span", { role: "status" });
  const caption = h("span", {});
  const method = h("select", { "aria-label": `Projection of ${name}` },
    about.methods.map((each) => h("option", { value: each, selected: each === about.method }, METHOD_NAMES[each])));
  const figure = h("figure", { class: "map" },
    h("figcaption", {}, h("strong", {}, name), caption, h("label", {}, "Map "), method, status), place);
  const map = new PointMap(place, about.words, { name: `Map of ${name}`, onPick: (row) => pick(about.words[row]) });
  const pane = { figure, map, place, caption, index: new Map(about.words.map((word, row) => [word, row])), about, number };
  fill(caption, about.count > about.words.length
    ? `the first ${count(about.words.length)} of ${count(about.count)} words, ${about.dim} dimensions`
    : `${count(about.count)} words, ${about.dim} dimensions`, about.cut ? "; --limit reads more" : "");
  let wanted = 0;
  pane.project = async () => {
    const mine = ++wanted;
    fill(status);
    for (;;) {
      const answer = await call(number, "map", { method: method.value, start: true }, onState);
      if (mine !== wanted) return;
      if (answer.points) {
        pane.points = unpack(answer.points, Float32Array);
        pane.onMap?.();
        map.show(pane.points);
        fill(status);
        return;
      }
      if (answer.error) throw new Error(answer.error);
      const bar = h("progress", { max: "1", value: answer.done || null, "aria-label": answer.step });
      fill(status, `${answer.step} ${Math.round(100 * answer.done)} % `, bar);
      await pause(300);
    }
  };
  method.addEventListener("change", () => guarded(status, pane.project));
  await pane.project();
  return pane;
}

function searchTool(about, pick, result) {
  const input = h("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false" });
  const suggested = h("ul", { class: "suggested" });
  const status = h("p", { class: "quiet", role: "status" });
  let asked = ""; // what was searched for last, which needs no suggestions
  input.addEventListener("input", settled(() => {
    if (input.value === asked) return;
    const words = input.value.trim() ? suggestions(about.words, input.value.trim()) : [];
    fill(suggested, words.map((word) => h("li", {},
      h("button", { class: "word", type: "button", onclick: () => (fill(suggested), fill(status), pick(word)) }, word))));
    fill(status, input.value.trim() && !words.length ? "no such word on the map" : "");
  }, 60));
  const form = h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      asked = input.value;
      fill(suggested);
      fill(status);
      if (input.value.trim()) pick(input.value);
    },
  }, h("div", { class: "row" }, h("label", { class: "grow", for: "search" }, "Search a word", input),
    h("button", { class: "main" }, "Neighbors")), suggested, status);
  return h("section", { "aria-label": "Search" }, form, result);
}

/** Words that begin with a text, then those that contain it, in the order of their frequency. */
export function suggestions(words, text) {
  const wanted = text.toLowerCase();
  const begin = [];
  const contain = [];
  for (const word of words) {
    const at = word.toLowerCase().indexOf(wanted);
    if (at === 0) begin.push(word);
    else if (at > 0 && contain.length < SUGGESTED) contain.push(word);
    if (begin.length === SUGGESTED) break;
  }
  return [...begin, ...contain].slice(0, SUGGESTED);
}
