// Several word vectors side by side, and human scores against cosines.
import { scatter } from "./plots.js";
import { call, count, fileButton, fill, guarded, h } from "./page.js";
import { form, panel, wordList } from "./widgets.js";

export function compareTool(context) {
  const { number, things, pick } = context;
  const others = things.map((thing, place) => ({ ...thing, place }))
    .filter(({ kind, place }) => kind === "vectors" && place !== number);
  if (!others.length) return null;
  const columns = h("div", { class: "columns", "aria-live": "polite" });
  const differing = h("div", { "aria-live": "polite" });
  const shown = new Map(); // number of a thing -> its pane
  const rows = others.map(({ name, place }) => h("div", { class: "row" },
    h("label", { class: "check grow" }, h("input", {
      type: "checkbox", onchange: (event) => guarded(differing, () => toggle(place, name, event.target.checked)),
    }), name),
    h("button", { type: "button", onclick: () => guarded(differing, () => compare(place, name)) }, "What differs?")));

  async function toggle(place, name, wanted) {
    if (wanted) {
      const about = await call(place, "about");
      const pane = await context.openPane(place, name, about, pick);
      shown.set(place, pane);
      context.panes.push(pane);
      context.maps.append(pane.figure);
    } else {
      const pane = shown.get(place);
      shown.delete(place);
      context.panes.splice(context.panes.indexOf(pane), 1);
      pane?.figure.remove();
    }
    if (context.picked) await neighbors(context.picked);
  }

  async function neighbors(word) {
    const lists = await Promise.all([...shown].map(async ([place, pane]) => {
      const column = h("div", {}, h("h3", {}, things[place].name));
      await guarded(column.appendChild(h("div", {})), async () => {
        const found = await call(place, "neighbors", { word });
        pane.map.select(pane.index.get(found.word) ?? -1, found.neighbors.map(([, , row]) => row));
        column.append(wordList(found.neighbors, pick));
      });
      return column;
    }));
    fill(columns, lists);
  }

  async function compare(place, name) {
    fill(differing, h("p", { class: "quiet" }, "Comparing …"));
    await call(place, "about");
    const found = await call(number, "differences", { other: place });
    fill(differing, h("h3", {}, "Words whose neighbors differ most from ", name),
      h("p", { class: "quiet" }, `Share of the 25 nearest neighbors in both, of ${count(found.compared)} words`),
      wordList(found.words.slice(0, 40), pick, 2));
  }

  context.listeners.push((word) => guarded(columns, () => neighbors(word)));
  return panel("Side by side", h("p", { class: "quiet" }, "Choose vectors to see beside these."), rows, columns, differing);
}

export function similarityTool({ number, about, pick }) {
  const result = h("div", { "aria-live": "polite" });
  const show = async (args) => {
    fill(result, h("p", { class: "quiet" }, "Comparing …"));
    const found = await call(number, "similarity", args);
    const worst = ranked(found.pairs).slice(0, 30);
    fill(result,
      h("p", {}, `Spearman’s correlation ${figure(found.spearman)}`,
        found.interval[0] === null ? "" : ` (95 % interval ${figure(found.interval[0])} to ${figure(found.interval[1])})`,
        `, ${count(found.usable)} of ${count(found.count)} pairs`),
      scatter(found.pairs.map(([first, second, human, cosine]) => ({ x: human, y: cosine, name: `${first}, ${second}` })),
        { x: "human score", y: "cosine" }),
      h("h3", {}, "Pairs that are ranked most differently"),
      h("div", { class: "scroll" }, h("table", { class: "data" },
        h("thead", {}, h("tr", {}, ["pair", "human", "cosine"].map((name, place) => h("th", { scope: "col", class: place ? "number" : null }, name)))),
        h("tbody", {}, worst.map(([first, second, human, cosine]) => h("tr", {},
          h("td", {}, [first, second].map((word) => h("button", { class: "word", type: "button", onclick: () => pick(word) }, word))),
          h("td", { class: "number" }, String(human)), h("td", { class: "number" }, cosine.toFixed(2))))))));
  };
  const sets = h("select", { "aria-label": "Set of word pairs" }, about.sets.map((name) => h("option", {}, name)));
  const open = fileButton("Open a file of pairs", ".txt,.tsv,.csv", (text) => guarded(result, () => show({ text })));
  return panel("Human scores of similarity",
    form(result, () => show({ name: sets.value }), h("div", { class: "row" },
      about.sets.length ? [sets, h("button", {}, "Compare")] : null, open)),
    h("p", { class: "quiet" }, "A line of the file has two words and a score."), result);
}

const figure = (number) => (number === null ? "undefined" : number.toFixed(3));

/** Pairs by the difference of their ranks among the human scores and among the cosines, the largest first. */
export function ranked(pairs) {
  const ranks = (column) => {
    const order = pairs.map((_, place) => place).sort((a, b) => pairs[a][column] - pairs[b][column]);
    const found = [];
    order.forEach((place, rank) => (found[place] = rank));
    return found;
  };
  const [human, cosine] = [ranks(2), ranks(3)];
  return pairs.map((pair, place) => [Math.abs(human[place] - cosine[place]), pair])
    .sort((a, b) => b[0] - a[0]).map(([, pair]) => pair);
}
