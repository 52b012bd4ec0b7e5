// One message, or the messages of an album, as an item of the list.

import { clock, copy, el, icon, isolated, one, toast } from "./dom.js";
import { marked } from "./text.js";

const ICONS = { video: "video", video_note: "video", animation: "video", audio: "audio", voice: "audio" };
const KINDS = { video: "Video", video_note: "Video message", animation: "Animation", audio: "Audio", voice: "Voice message", photo: "Photo", document: "File" };

export const sign = (file) => {
  const shown = el("span", { class: "sign" });
  if (file.picture) shown.append(el("img", { src: file.picture, alt: "", loading: "lazy" }));
  if (!file.picture || ICONS[file.kind]) shown.append(icon(ICONS[file.kind] ?? "document"));
  return shown;
};

const titleOf = (file) => (file.title && file.by ? `${file.by} – ${file.title}` : file.title) || file.name || KINDS[file.kind];

// A message in one line.
export const inShort = (message) => {
  if (message.note) return message.note;
  const text = message.text.replace(/\s+/g, " ");
  if (!message.file) return text;
  return text || (message.file.name ? titleOf(message.file) : KINDS[message.file.kind]);
};

const look = (source) => {
  const dialog = one("#look");
  one("img", dialog).src = source;
  dialog.showModal();
};

const photo = (file) => {
  const shown = el("img", { src: file.picture, alt: "Photo", loading: "lazy", width: file.width || undefined, height: file.height || undefined });
  return el("button", { type: "button", class: "picture", "aria-label": "Open the photo", onclick: () => look(file.picture) }, shown);
};

const card = (file) =>
  el("div", { class: "file" }, sign(file), el("b", {}, isolated(titleOf(file))),
    el("span", { class: "facts" }, [file.size, file.duration].filter(Boolean).join(" · ")));

const film = (file) =>
  el("div", { class: "film" },
    el("button", { type: "button", class: "picture", "aria-label": `Film: ${titleOf(file)}`, onclick: () => toast("In Telegram it would play here. What telpher does with it: press Play below the bot's answer.") }, el("img", { src: file.picture, alt: "", width: file.width || undefined, height: file.height || undefined }),
      icon("video"), file.duration ? el("span", { class: "length" }, file.duration) : null),
    el("b", {}, isolated(titleOf(file))), el("span", { class: "facts" }, file.size));

const ALONE = { photo, video: film, animation: film };

// With others beside it a file takes less room.
const fileOf = (file, alone) => (alone && file.picture && ALONE[file.kind] ? ALONE[file.kind] : card)(file);

const quote = (replied, acts) => {
  const inside = replied
    ? [el("b", {}, isolated(replied.from)), el("span", {}, isolated(inShort(replied)))]
    : [el("span", {}, "Deleted message")];
  return el("button", { type: "button", class: "quote", onclick: () => replied && acts.find(replied.id) }, ...inside);
};

const key = (button, row, column, message, acts) => {
  if (button.copy !== undefined) {
    return el("button", { type: "button", onclick: () => copy(button.copy) }, button.text, icon("copy"));
  }
  if (button.url !== undefined) {
    const follow = (event) => {
      acts.opened(button.url);
      if (acts.follow(button.url)) event.preventDefault();
    };
    return el("a", { href: button.url, target: "_blank", rel: "noopener noreferrer", onclick: follow }, button.text, icon("out"));
  }
  return el("button", { type: "button", onclick: (event) => acts.press(message, row, column, event.currentTarget) }, button.text);
};

const keys = (message, acts) =>
  el("div", { class: "keys" },
    ...message.buttons.map((row, at) => el("div", {}, ...row.map((button, column) => key(button, at, column, message, acts)))));

const bubble = (messages, chat, acts) => {
  const [first] = messages;
  const last = messages.at(-1);
  const said = messages.find((each) => each.text) ?? first;
  const named = chat.kind === "supergroup" && !first.out;
  const files = messages.filter((each) => each.file).map((each) => fileOf(each.file, messages.length === 1));
  return el("div", { class: "bubble" },
    named ? el("span", { class: "speaker" }, isolated(first.from)) : null,
    first.origin ? el("span", { class: "origin" }, "Forwarded from ", isolated(first.origin)) : null,
    first.reply ? quote(acts.message(first.reply), acts) : null,
    files.length > 1 ? el("div", { class: "album" }, ...files) : files[0],
    said.text ? marked(said.text, said.marks, acts) : null,
    el("span", { class: "when" }, last.edited ? "edited " : "", el("time", {}, clock(last.date))));
};

export const drawn = (messages, chat, acts) => {
  const [first] = messages;
  if (first.note) return el("li", { class: "note" }, el("span", {}, isolated(first.note)));
  const more = el("button", {
    type: "button", class: "plain acts", "aria-label": `What to do with this message: ${inShort(first).slice(0, 60)}`, "aria-haspopup": "menu",
    onclick: (event) => acts.menu(messages, event.currentTarget),
  }, icon("more"));
  const body = el("div", { class: "body" }, bubble(messages, chat, acts), first.buttons.length ? keys(first, acts) : null);
  return el("li", {
    class: first.out ? "mine" : "",
    oncontextmenu: (event) => {
      if (event.target.closest("a, textarea, code")) return;
      event.preventDefault();
      acts.menu(messages, more, event);
    },
  }, body, more);
};
