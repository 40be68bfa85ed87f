// A table of texts: confusion matrix, calibration and errors of a classifier, and texts to label.
import { calibration } from "./plots.js";
import { call, count, fileButton, fill, guarded, h, percent } from "./page.js";

const FILES = ".csv,.tsv,.jsonl";
const SHOWN = 100;
const AT_ONCE = 1000; // texts that are evaluated without being asked for

export function evaluation(number, about) {
  const result = h("div", {});
  let newest = 0;
  const show = (args) => guarded(result, async () => {
    const mine = ++newest;
    fill(result, h("p", { class: "quiet" }, "Evaluating …"));
    const found = await call(number, "evaluate", args);
    if (mine === newest) fill(result, report(found)); // an earlier table may take longer
  });
  if (about.table && about.table <= AT_ONCE) show({});
  return h("section", { "aria-label": "Evaluate" }, h("h2", {}, "Evaluate"),
    h("div", { class: "row" },
      about.table ? h("button", { class: "main", type: "button", onclick: () => show({}) }, `The table of ${count(about.table)} texts`) : null,
      fileButton("Open a table", FILES, (text, suffix) => show({ text, suffix }))),
    h("p", { class: "quiet" }, "A table has the columns text and label. It is not kept."), result);
}

function report(found) {
  const behind = h("div", { "aria-live": "polite" });
  const isError = ([, label, guess]) => label !== guess;
  const errors = found.texts.filter(isError).sort((a, b) => b[3] - a[3]);
  const errorButton = h("button", { type: "button", onclick: () => list(behind, "Errors, the most confident first", errors) },
    `Errors by confidence (${count(errors.length)})`);
  return [
    h("p", {}, "Accuracy ", h("strong", {}, percent(found.accuracy)), ` (95 % interval ${percent(found.interval[0])} to ${percent(found.interval[1])}), ` +
      `macro F1 ${found.macro_f1.toFixed(3)}, calibration error ${found.calibration_error.toFixed(3)}, ${count(found.texts.length)} ` +
      `${found.texts.length < found.count ? `of ${count(found.count)} ` : ""}texts`),
    h("div", { class: "charts" },
      h("div", {}, found.confusion.length ? matrix(found, behind) : scores(found)),
      h("div", {}, h("h3", {}, "Calibration"), calibration(found.reliability))),
    h("div", { class: "row" }, errorButton), behind,
  ];
}

function matrix(found, behind) {
  const buttons = [];
  const cell = (row, column) => {
    const number = found.confusion[row][column];
    const [label, guess] = [found.classes[row], found.classes[column]];
    const button = h("button", {
      type: "button", "aria-pressed": "false", "aria-label": `${count(number)} texts of ${label} predicted as ${guess}`,
      onclick: () => {
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        list(behind, `${label}, predicted as ${guess}`, found.texts.filter((text) => text[1] === label && text[2] === guess));
      },
    }, count(number));
    buttons.push(button);
    return h("td", { class: row === column ? "right" : "wrong" }, button);
  };
  return [h("h3", {}, "Confusion matrix"), h("p", { class: "quiet" }, "Rows are the labels, columns the predictions; a cell opens its texts."),
    h("div", { class: "scroll" }, h("table", { class: "data matrix" },
      h("thead", {}, h("tr", {}, h("th", {}), found.classes.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, found.classes.map((name, row) => h("tr", {}, h("th", { scope: "row" }, name),
        found.classes.map((_, column) => cell(row, column)))))))];
}

function scores(found) {
  return [h("h3", {}, "F1 of each class"), h("table", { class: "data" },
    h("thead", {}, h("tr", {}, ["class", "F1", "texts"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, found.classes.map((name, place) => h("tr", {}, h("td", {}, name),
      h("td", { class: "number" }, found.f1[place] === null ? "–" : found.f1[place].toFixed(3)), h("td", { class: "number" }, count(found.support[place]))))))];
}

function list(place, title, texts) {
  fill(place, h("h3", {}, `${title}: ${count(texts.length)}`), h("div", { class: "scroll" }, h("table", { class: "data" },
    h("thead", {}, h("tr", {}, ["text", "label", "predicted", "probability"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, texts.slice(0, SHOWN).map(([text, label, guess, probability]) => h("tr", {}, h("td", { class: "long" }, text),
      h("td", {}, label), h("td", {}, guess), h("td", { class: "number" }, percent(probability))))))),
  texts.length > SHOWN ? h("p", { class: "quiet" }, `The first ${SHOWN} are shown.`) : null);
}

export function labeling(number, about) {
  const result = h("div", {});
  const open = (args, name) => guarded(result, async () => {
    fill(result, h("p", { class: "quiet" }, "Predicting …"));
    const found = await call(number, "texts", args);
    fill(result, labels(found.texts, about.classes, name));
  });
  return h("section", { "aria-label": "Label" }, h("h2", {}, "Label texts"),
    h("div", { class: "row" },
      about.table ? h("button", { type: "button", onclick: () => open({}, "table") }, "The texts of the table") : null,
      fileButton("Open texts", `.txt,${FILES}`, (text, suffix, name) => open({ text, suffix }, name.replace(/\.[^.]*$/, "")))),
    h("p", { class: "quiet" }, "A table with the column text, or a text on each line. It is not kept: save the labels before you leave."),
    result);
}

/** One text after the other with a button for each class; what is labeled stays in the page until it is saved. */
function labels(texts, classes, name) {
  const given = new Map();
  let place = 0;
  const shown = h("div", { "aria-live": "polite" });
  const step = (to) => {
    place = Math.max(0, Math.min(texts.length - 1, to));
    const [text, guess, probability] = texts[place];
    fill(shown,
      h("p", { class: "quiet" }, `Text ${count(place + 1)} of ${count(texts.length)}, ${count(given.size)} labeled; predicted `, h("strong", {}, guess), ` (${percent(probability)})`),
      h("div", { class: "text" }, text),
      h("div", { class: "row labels" }, classes.map((label, key) => h("button", {
        type: "button", "aria-pressed": String(given.get(place) === label), onclick: () => choose(label),
      }, key < 9 ? h("kbd", {}, String(key + 1)) : null, key < 9 ? " " : "", label))));
  };
  const choose = (label) => {
    given.set(place, label);
    step(place + 1);
    skip.focus();
  };
  const save = () => {
    const rows = [...given].sort(([a], [b]) => a - b).map(([row, label]) => [texts[row][0], label]);
    const link = h("a", {
      href: URL.createObjectURL(new Blob([csv([["text", "label"], ...rows])], { type: "text/csv;charset=utf-8" })),
      download: `${name}-labeled.csv`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // It keeps the focus, which the buttons of a label would take with them when the next text is shown.
  const skip = h("button", { type: "button", onclick: () => step(place + 1) }, "Skip");
  step(0);
  return h("div", {
    onkeydown: (event) => {
      const label = /^[1-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey ? classes[Number(event.key) - 1] : null;
      if (label) choose(label);
      else if (event.key === "ArrowRight") step(place + 1);
      else if (event.key === "ArrowLeft") step(place - 1);
      else return;
      event.preventDefault();
      skip.focus();
    },
  }, shown, h("div", { class: "row" },
    h("button", { type: "button", onclick: () => step(place - 1) }, "Back"),
    skip, h("button", { class: "main", type: "button", onclick: save }, "Save as CSV")));
}

/** Rows as CSV; every field is quoted, so that separators and line ends in texts do no harm. */
export function csv(rows) {
  return rows.map((row) => row.map((field) => `"${field.replace(/"/g, '""')}"`).join(",")).join("\r\n") + "\r\n";
}
