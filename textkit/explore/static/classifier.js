// A classifier: a text with its probabilities, the shares of its words and its nearest training texts.
import { evaluation, labeling } from "./classifier_table.js";
import { call, count, fill, guarded, h, oneAtATime, percent, settled, styled } from "./page.js";
import { bar } from "./plots.js";

const MOST_CLASSES = 20;

export async function create(view, number, things, onState) {
  const about = await call(number, "about", {}, onState);
  view.append(h("div", { class: "page" }, prediction(number, about), evaluation(number, about), labeling(number, about)));
}

function prediction(number, about) {
  const input = h("textarea", { rows: "3", placeholder: "Type or paste a text" });
  const result = h("div", { "aria-live": "polite" });
  const shares = h("div", { "aria-live": "polite" });
  const closest = h("div", {});
  const problem = h("div", {});
  const show = () => guarded(problem, async () => {
    const text = input.value;
    if (!text.trim()) {
      for (const place of [result, shares, closest]) fill(place);
      return;
    }
    const found = await call(number, "predict", { text });
    fill(result, probabilities(found.classes));
    if (about.explains) await explain(number, text, null, found.classes, shares);
    if (about.training) await nearest(number, text, closest);
  });
  input.addEventListener("input", settled(oneAtATime(show), 80)); // an explanation may take longer than the next letter
  return h("section", { "aria-label": "Classify" }, h("h2", {}, "Classify a text"),
    h("div", { class: "row" }, h("label", { class: "grow" }, "Text", input)), problem, result, shares, closest);
}

function probabilities(classes) {
  const shown = classes.slice(0, MOST_CLASSES);
  return h("table", { class: "bars" }, h("caption", { class: "quiet" }, shown.length < classes.length ? `${shown.length} of ${count(classes.length)} classes` : "Probabilities"),
    h("tbody", {}, shown.map(([label, probability]) => h("tr", {}, h("th", { scope: "row" }, label),
      h("td", { class: "bar" }, bar(probability)), h("td", { class: "number" }, percent(probability))))));
}

async function explain(number, text, label, classes, place) {
  const found = await call(number, "explain", { text, label });
  const largest = Math.max(...found.shares.map(([, share]) => Math.abs(share)), 1e-9);
  const chooser = h("select", {
    "aria-label": "Class to explain",
    onchange: () => guarded(place, async () => {
      await explain(number, text, chooser.value, classes, place);
      place.querySelector("select").focus(); // the new one, in the place of this
    }),
  }, classes.slice(0, MOST_CLASSES).map(([name]) => h("option", { selected: name === found.label }, name)));
  fill(place, h("h3", {}, "What speaks for ", chooser),
    h("p", { class: "legend" }, shaded("for", 1, 1), shaded("against", -1, 1),
      found.exact ? `the shares and ${signed(found.rest)} for no word sum to the score` : "the drop of the score without the word",
      found.read < found.characters ? `; only the first ${count(found.read)} of ${count(found.characters)} characters are read` : ""),
    h("div", { class: "text" }, found.shares.map(([token, share]) => [shaded(token, share, largest), " "])));
}

/** A word in the color of its share, with the sign of a strong share beside it: color alone would not do for everyone. */
function shaded(token, share, largest) {
  const strength = Math.abs(share) / largest;
  const side = share > 0 ? "for" : "against";
  const shade = h("span", { class: `shade ${side}`, title: `${token}: ${signed(share)}` }, token,
    strength > 0.15 ? h("sup", {}, share > 0 ? "+" : "−") : null);
  return styled(shade, {
    "background-color": `rgba(var(--${side}), ${0.45 * strength})`,
    "border-bottom-color": `rgba(var(--${side}), ${strength > 0.15 ? 1 : 0})`,
  });
}

const signed = (share) => `${share < 0 ? "−" : "+"}${Math.abs(share).toFixed(3)}`;

async function nearest(number, text, place) {
  const found = await call(number, "closest", { text });
  fill(place, h("h3", {}, "Nearest training texts"), h("div", { class: "scroll" }, h("table", { class: "data" },
    h("thead", {}, h("tr", {}, ["text", "label", "cosine of TF-IDF"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, found.texts.map(([other, label, cosine]) => h("tr", {}, h("td", { class: "long" }, other), h("td", {}, label),
      h("td", { class: "number" }, cosine.toFixed(3))))))));
}
