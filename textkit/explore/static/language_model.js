// A language model: text as it is written, several temperatures side by side, and surprisal.
import { call, count, fill, guarded, h, percent, stream, styled, visible } from "./page.js";
import { bar } from "./plots.js";

const TEMPERATURES = [0.3, 0.6, 0.9, 1.2];
let ranges = 0; // created so far
const MOST_BITS = 12; // of the darkest shade

export async function create(view, number, things, onState) {
  const about = await call(number, "about", {}, onState);
  const units = { char: "characters", word: "words", subword: "subwords" }[about.unit];
  const page = h("div", { class: "page" },
    h("p", { class: "quiet" }, `${things[number].name}: ${about.network.replace(/_/g, " ")}, ${count(about.vocabulary)} ${units}, ` +
      `${count(about.weights)} weights`));
  if (about.writes) page.append(writing(number, units));
  page.append(surprise(number, about));
  view.append(page);
}

function writing(number, units) {
  const prompt = h("textarea", { rows: "2", id: `prompt-${number}`, spellcheck: "false" });
  const temperature = ranged("Temperature", { min: 0, max: 2, step: 0.05, value: 0.7 });
  const topK = numeric("Top-k", { min: 1, placeholder: "all" });
  const topP = numeric("Top-p", { min: 0.01, max: 1, step: 0.01, placeholder: "all" });
  const seed = numeric("Seed", { min: 0, value: 1 });
  const length = numeric(`Length in ${units}`, { min: 1, max: 5000, value: 400 });
  const text = h("div", { class: "text", tabindex: "0", role: "region", "aria-label": "Written text" });
  const problem = h("div", {});
  const chosen = h("aside", { "aria-live": "polite" }, h("p", { class: "quiet" },
    "Point at a token, or move through the text with the arrow keys, to see what the model found probable there."));
  const columns = h("div", { class: "beside" });
  const stop = h("button", { type: "button", hidden: true }, "Stop");
  let running = null;
  stop.addEventListener("click", () => running?.abort());
  const settings = () => ({
    prompt: prompt.value, length: Number(length.input.value), seed: Number(seed.input.value),
    top_k: optional(topK.input), top_p: optional(topP.input),
  });
  const run = async (jobs) => {
    running?.abort();
    const mine = (running = new AbortController());
    stop.hidden = false;
    await guarded(problem, () => Promise.all(jobs.map(([place, at]) =>
      write(number, { ...settings(), temperature: at }, place, chosen, mine.signal))));
    if (running === mine) stop.hidden = true;
  };
  walk(text, chosen);
  const one = () => {
    fill(columns);
    return run([[text, Number(temperature.input.value)]]);
  };
  const several = () => {
    const jobs = TEMPERATURES.map((at) => [h("div", { class: "text", tabindex: "0", role: "region", "aria-label": `Temperature ${at}` }), at]);
    fill(columns, jobs.map(([place, at]) => h("div", {}, h("h3", {}, `Temperature ${at}`), place)));
    for (const [place] of jobs) walk(place, chosen);
    return run(jobs);
  };
  return h("section", { "aria-label": "Write" }, h("h2", {}, "Write"),
    h("form", { onsubmit: (event) => (event.preventDefault(), one()) },
      h("div", { class: "row" }, h("label", { class: "grow" }, "Prompt", prompt)),
      h("div", { class: "row" }, temperature.label, topK.label, topP.label, seed.label, length.label),
      h("div", { class: "row" }, h("button", { class: "main" }, "Write"),
        h("button", { type: "button", onclick: several }, "Several temperatures"), stop)),
    problem, h("div", { class: "writing" }, text, chosen), columns);
}

async function write(number, args, place, chosen, signal) {
  fill(place);
  place.choices = [];
  for await (const piece of stream(number, args, signal)) {
    if (piece.left_out?.length) {
      place.before(h("p", { class: "quiet" }, "Not known to the model, left out: ", piece.left_out.map(visible).join(" ")));
    }
    const token = h("span", { class: piece.choices.length ? "token" : "prompt" }, piece.text);
    if (piece.choices.length) {
      token.choices = piece.choices;
      token.addEventListener("pointerenter", () => point(token, chosen));
    }
    place.append(token);
  }
}

/** Let the arrow keys move from token to token. */
function walk(place, chosen) {
  place.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const tokens = [...place.querySelectorAll(".token")];
    if (!step || !tokens.length) return;
    event.preventDefault();
    const here = tokens.findIndex((token) => token.classList.contains("here"));
    const next = tokens[Math.min(tokens.length - 1, Math.max(0, here < 0 ? 0 : here + step))];
    next.scrollIntoView({ block: "nearest" });
    point(next, chosen);
  });
}

function point(token, chosen) {
  for (const other of document.querySelectorAll(".token.here")) other.classList.remove("here");
  token.classList.add("here");
  fill(chosen, token.choices.map(({ token: drawn, probability, alternatives }) => [
    h("p", {}, "“", visible(drawn), "” had ", h("strong", {}, percent(probability))),
    h("table", { class: "bars" }, h("tbody", {}, alternatives.map(([word, chance]) => h("tr", {},
      h("th", { scope: "row" }, visible(word)), h("td", { class: "bar" }, bar(chance)),
      h("td", { class: "number" }, percent(chance)))))),
  ]));
}

function surprise(number, about) {
  const input = h("textarea", { rows: "4", spellcheck: "false" });
  const result = h("div", { "aria-live": "polite" });
  const show = async () => {
    const found = await call(number, "surprisal", { text: input.value });
    const space = about.unit === "word" ? " " : "";
    const tokens = found.tokens.flatMap(([token, bits, unknown]) => {
      const isEnd = token === "<eos>";
      const shade = h("span", {
        class: `shade${unknown ? " unknown" : ""}${about.unit === "char" ? " tight" : ""}`,
        title: `${visible(token)}: ${bits === null ? "first token, not predicted" : `${bits.toFixed(2)} bits`}${unknown ? ", unknown to the model" : ""}`,
      }, isEnd ? "↵" : token);
      if (bits !== null) styled(shade, { "background-color": `rgba(var(--for), ${0.6 * Math.min(1, bits / MOST_BITS)})` });
      return [shade, isEnd ? "\n" : space];
    });
    const loudest = found.tokens.map(([token, bits], place) => ({ token, bits, place })).filter(({ bits }) => bits !== null)
      .sort((a, b) => b.bits - a.bits).slice(0, 10);
    fill(result,
      h("p", {}, "Mean surprisal ", h("strong", {}, `${found.mean.toFixed(2)} bits`), ` per token, ${count(found.tokens.length)} tokens. `,
        found.read < found.characters ? `Only the first ${count(found.read)} of ${count(found.characters)} characters are read.` : ""),
      h("p", { class: "legend" }, "Shades:", [0, 3, 6, 9, 12].map((bits) =>
        styled(h("span", { class: "shade" }, bits === 12 ? "12 bits and more" : `${bits}`),
          { "background-color": `rgba(var(--for), ${(0.6 * bits) / MOST_BITS})` })),
      h("span", { class: "shade unknown" }, "unknown token")),
      h("div", { class: "text", tabindex: "0", role: "region", "aria-label": "Surprisal of the text" }, tokens),
      h("h3", {}, "Most surprising"),
      h("ol", {}, loudest.map(({ token, bits, place }) => h("li", {}, `${visible(token)} (token ${count(place + 1)}): ${bits.toFixed(2)} bits`))));
  };
  return h("section", { "aria-label": "Surprisal" }, h("h2", {}, "Surprisal of a text"),
    h("form", { onsubmit: (event) => (event.preventDefault(), guarded(result, show)) },
      h("div", { class: "row" }, h("label", { class: "grow" }, "Text", input)),
      h("div", { class: "row" }, h("button", { class: "main" }, "Shade"))), result);
}

function numeric(name, attributes) {
  const input = h("input", { type: "number", ...attributes });
  return { label: h("label", {}, name, input), input };
}

function ranged(name, attributes) {
  const id = `range-${++ranges}`; // else the label would be that of the output
  const input = h("input", { type: "range", id, ...attributes });
  const output = h("output", {}, Number(attributes.value).toFixed(2));
  input.value = attributes.value; // the order of the attributes would matter otherwise
  input.addEventListener("input", () => fill(output, Number(input.value).toFixed(2)));
  return { label: h("label", { for: id }, h("span", {}, `${name} `, output), input), input };
}

const optional = (input) => (input.value === "" ? null : Number(input.value));
