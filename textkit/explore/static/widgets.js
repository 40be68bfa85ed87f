// Parts that several views are made of.
import { guarded, h } from "./page.js";

/** Words with their scores; a word can be picked. */
export function wordList(found, pick, digits = 3) {
  return h("ol", { class: "found" }, found.map(([word, score]) => h("li", {},
    h("button", { class: "word", type: "button", onclick: () => pick(word) }, word),
    h("span", { class: "number" }, score.toFixed(digits)))));
}

/** A part of a view that can be opened. */
export function panel(title, ...content) {
  return h("details", {}, h("summary", {}, title), ...content);
}

/** A form whose submission runs an action; errors are shown in `result`. */
export function form(result, action, ...content) {
  return h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      guarded(result, action);
    },
  }, ...content);
}

export function field(label, attributes = {}) {
  const input = h("input", { autocomplete: "off", spellcheck: "false", ...attributes });
  return [h("label", { class: "grow" }, label, input), input];
}
