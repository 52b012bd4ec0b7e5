// Elements, made one by one: nothing on this page is ever written as HTML, so no name, caption or
// text can become markup. (The page's policy forbids it besides: require-trusted-types-for.)

export const one = (selector, inside = document) => inside.querySelector(selector);

export const el = (tag, about = {}, ...inside) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.filter((each) => each !== null && each !== undefined));
  return made;
};

export const icon = (name) => {
  const SVG = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  drawing.append(use);
  return drawing;
};

// What people chose to be called, kept from turning the text around it.
export const isolated = (text) => el("bdi", {}, text);

const TINTS = 6;
export const face = (chat) => {
  const tint = Math.abs(Number(chat.id ?? [...chat.name].reduce((sum, each) => sum + each.codePointAt(0), 0))) % TINTS;
  const shown = el("span", { class: "face", "data-tint": tint, "aria-hidden": "true" });
  if (chat.kind === "bot") shown.append(el("img", { src: "icon.svg", alt: "" }));
  else if (chat.kind === "channel" || chat.kind === "supergroup") shown.append(icon(chat.kind === "channel" ? "channel" : "group"));
  else shown.append([...(chat.title ?? chat.name)][0] ?? "?");
  return shown;
};

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString([], { timeStyle: "short" });

// --- what is said beside the conversation ------------------------------------------------------

export const toast = (text, seconds = 4) => {
  const shown = el("p", {}, text);
  one(".toasts").append(shown);
  setTimeout(() => shown.remove(), seconds * 1000);
};

export const alertOf = (text) => {
  one("#alert-text").textContent = text;
  one("#alert").showModal();
};

// Browsers hand out the clipboard on localhost and https only; elsewhere the older way works.
export const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = el("textarea", { readonly: true }, text);
    (one("dialog[open]") ?? document.body).append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast("Copied.", 2);
};
