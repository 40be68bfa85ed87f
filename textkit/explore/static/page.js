// What all views share: building elements, and asking the server.

/** Create an element. Children that are strings become text, never markup. */
export function h(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

/** Create an element of a picture. */
export function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function build(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value") element.value = value;
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null));
  return element;
}

/** Replace the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child != null));
}

/** Set style properties; a style attribute would be refused by the page's security policy. */
export function styled(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
}

/** Ask for something of a thing, and wait while the thing is loaded; `onState` is told of that. */
export async function call(number, action, args = {}, onState = () => {}) {
  for (;;) {
    const answer = await post(`/api/things/${number}/${action}`, args);
    const body = await answer.json();
    if (answer.status !== 202) {
      if (!answer.ok) throw new Error(body.error || `The server answered ${answer.status}.`);
      return body;
    }
    onState(body.error || "loading");
    await pause(200);
  }
}

/** Ask for lines of JSON, and yield each as soon as it is there. */
export async function* stream(number, args, signal) {
  let answer = await post(`/api/things/${number}/write`, args, signal);
  while (answer.status === 202) {
    await pause(200);
    answer = await post(`/api/things/${number}/write`, args, signal);
  }
  if (!answer.ok) throw new Error((await answer.json()).error);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (held + value).split("\n");
    held = lines.pop();
    for (const line of lines) {
      const piece = JSON.parse(line);
      if (piece.error) throw new Error(piece.error);
      yield piece;
    }
  }
}

async function post(address, args, signal) {
  try {
    return await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; has the command ended?");
  }
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Decode the bytes of an array; `type` is such as Float32Array. */
export function unpack(packed, type) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new type(bytes.buffer);
}

/** Run an asynchronous action; an error becomes a line in `place`, which is otherwise emptied. */
export async function guarded(place, action) {
  fill(place);
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") fill(place, h("p", { class: "error", role: "alert" }, error.message));
    return undefined;
  }
}

/** Return a function that runs `action` once calls have paused. */
export function settled(action, milliseconds) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), milliseconds);
  };
}

/** Return a function that runs `action`; calls while it runs lead to a single further run at its end. */
export function oneAtATime(action) {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await action();
    }
    running = false;
  };
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const count = (number) => number.toLocaleString("en-US");

/** White space as it can be seen. */
export function visible(token) {
  if (token === "<eos>") return "end of line";
  return token.replace(/ /g, "␣").replace(/\n/g, "↵").replace(/\t/g, "⇥") || "∅";
}

/** A button that opens a file and hands on its text and the suffix of its name. */
export function fileButton(label, accept, onText) {
  const input = h("input", {
    type: "file", accept, hidden: true,
    onchange: async () => {
      const file = input.files[0];
      if (file) await onText(await file.text(), (file.name.match(/\.[a-z]+$/i) || [""])[0].toLowerCase(), file.name);
      input.value = "";
    },
  });
  return [h("button", { type: "button", onclick: () => input.click() }, label), input];
}
