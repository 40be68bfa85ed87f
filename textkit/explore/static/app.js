// The frame of the page: a view for each thing, which is created when it is first opened.
import { fill, h } from "./page.js";

const VIEWS = { vectors: "./vectors.js", "language-model": "./language_model.js", classifier: "./classifier.js" };
const main = document.getElementById("main");
const list = document.getElementById("things");
const views = new Map();

async function start() {
  const things = await (await fetch("/api/things")).json();
  fill(list, things.map((thing, number) => h("li", {}, h("a", { href: `#${number}`, title: thing.path }, thing.name))));
  document.getElementById("loading").remove();
  const open = () => show(things, Math.min(things.length - 1, Number(location.hash.slice(1)) || 0));
  addEventListener("hashchange", open);
  await open();
}

async function show(things, number) {
  [...list.querySelectorAll("a")].forEach((link, place) => {
    if (place === number) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.title = `${things[number].name} – textkit explore`;
  for (const view of views.values()) view.hidden = true;
  if (views.has(number)) {
    views.get(number).hidden = false;
    return;
  }
  const status = h("p", { class: "note", role: "status" }, "Loading …");
  const view = h("div", { class: "view" }, status);
  views.set(number, view);
  main.append(view);
  try {
    const { create } = await import(VIEWS[things[number].kind]);
    await create(view, number, things, (state) => fill(status, `${things[number].name}: ${state} …`));
    status.remove();
  } catch (error) {
    fill(view, h("p", { class: "note error", role: "alert" }, `${things[number].name}: ${error.message}`));
  }
}

start().catch(() => fill(main, h("p", { class: "note error", role: "alert" }, "The server does not answer.")));
