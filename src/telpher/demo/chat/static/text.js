// A text with its marks, as nodes. Offsets count UTF-16 code units, as JavaScript's strings do. The
// text is cut where marks begin and end; each piece is put inside an element for every mark upon it.

import { copy, el } from "./dom.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strike: "s", blockquote: "blockquote", pre: "pre" };

// Where a browser may be sent to: never javascript: or data:.
export const address = (text) => {
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
};

const link = (url, inside, follow) => {
  const made = el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, inside);
  made.addEventListener("click", (event) => {
    if (follow(url)) event.preventDefault();
  });
  return made;
};

const button = (about, inside, act) =>
  el("button", { type: "button", class: "linked", ...about, onclick: act }, inside);

const code = (inside, text) => {
  const act = () => copy(text);
  const byKey = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  };
  return el("code", { role: "button", tabindex: 0, title: "Copy", onclick: act, onkeydown: byKey }, inside);
};

const spoiler = (inside) => {
  const made = el("span", { class: "spoiler", role: "button", tabindex: 0, "aria-expanded": "false", "aria-label": "Hidden text, press to see it" }, inside);
  const show = () => {
    made.setAttribute("aria-expanded", "true");
    for (const name of ["role", "tabindex", "aria-label"]) made.removeAttribute(name);
  };
  made.addEventListener("click", show);
  made.addEventListener("keydown", (event) => event.key === "Enter" && show());
  return made;
};

// `whole` is the text of the mark, `inside` the node of the piece.
const within = ([kind, , , url], whole, inside, acts) => {
  if (TAGS[kind]) return el(TAGS[kind], {}, inside);
  if (kind === "code") return code(inside, whole);
  if (kind === "spoiler") return spoiler(inside);
  if (kind === "texturl" && url) return link(url, inside, acts.follow);
  if (kind === "url" && address(whole)) return link(address(whole), inside, acts.follow);
  if (kind === "botcommand") return button({}, inside, () => acts.say(whole));
  if (kind === "mention") return button({}, inside, () => acts.follow(`https://t.me/${whole.slice(1)}`));
  return inside;
};

export const marked = (text, marks, acts) => {
  const cuts = new Set([0, text.length]);
  for (const [, offset, length] of marks) {
    cuts.add(Math.min(Math.max(offset, 0), text.length));
    cuts.add(Math.min(Math.max(offset + length, 0), text.length));
  }
  const places = [...cuts].sort((one, other) => one - other);
  // The longest is outside.
  const nested = [...marks].sort((one, other) => one[2] - other[2]);
  const made = el("div", { class: "text", dir: "auto" });
  for (let at = 0; at + 1 < places.length; at++) {
    const [begin, end] = [places[at], places[at + 1]];
    let node = document.createTextNode(text.slice(begin, end));
    for (const mark of nested) {
      const [, offset, length] = mark;
      if (offset <= begin && end <= offset + length) node = within(mark, text.slice(offset, offset + length), node, acts);
    }
    made.append(node);
  }
  return made;
};
