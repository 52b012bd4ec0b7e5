// The chat page: which chat is open, as whom, and what one does in it. What there is comes from
// the feed; whatever one does is asked of the server, and is seen when the feed tells of it.

import { deed } from "./ask.js";
import { alertOf, clock, copy, el, face, icon, isolated, one, toast } from "./dom.js";
import { Feed, placeOf } from "./feed.js";
import { Files } from "./files.js";
import { drawn, inShort } from "./message.js";
import { Sheets } from "./sheets.js";
import { Tour } from "./tour.js";
import { Writing } from "./writing.js";

const NEAR = 80; // pixels from the end within which one is at the newest message
const narrow = matchMedia("(max-width: 52rem)");
const byTouch = matchMedia("(pointer: coarse)");

// `begun`: something is being written where otherwise START would stand.
const state = { who: "", chat: 0, begun: false, unread: new Map(), items: new Map() };

const person = () => feed.people.find((each) => each.key === state.who);
const chat = () => person()?.chats.find((each) => each.id === state.chat);
const messages = () => feed.of(state.who, state.chat);
const here = () => ({ who: state.who, chat: state.chat });
const unread = (who, id) => state.unread.get(placeOf(who, id)) ?? 0;
const unreadOf = (each) => each.chats.reduce((sum, one) => sum + unread(each.key, one.id), 0);

// --- lists -----------------------------------------------------------------------------------

const badge = (count) => (count ? el("span", { class: "badge", "aria-label": `${count} unread` }, String(count)) : null);

const drawPeople = () => {
  one(".who").replaceChildren(...feed.people.map((each) =>
    el("button", { type: "button", "aria-pressed": String(each.key === state.who), onclick: () => be(each.key) },
      face(each), el("span", {}, el("b", {}, each.name), el("small", {}, each.role)), badge(each.key === state.who ? 0 : unreadOf(each)))));
};

const drawChats = () => {
  one(".chats").replaceChildren(...(person()?.chats ?? []).map((each) => {
    const last = [...feed.of(state.who, each.id).values()].at(-1);
    const line = last ? `${last.out && !last.note ? "You: " : ""}${inShort(last)}` : each.about;
    return el("li", {}, el("button", { type: "button", "aria-current": each.id === state.chat && "true", onclick: () => open(state.who, each.id) },
      face(each), el("b", {}, isolated(each.title)), last ? el("time", {}, clock(last.date)) : el("span"),
      el("span", { class: "last" }, isolated(line)), badge(unread(state.who, each.id))));
  }));
  const elsewhere = feed.people.reduce((sum, each) => sum + unreadOf(each), 0);
  const count = one(".back .badge");
  count.hidden = !elsewhere;
  count.textContent = String(elsewhere);
  document.title = `${elsewhere ? `(${elsewhere}) ` : ""}${chat()?.title ?? "telpher demo"}`;
};

// --- the conversation --------------------------------------------------------------------------

// The messages of an album stand together.
const units = () => {
  const found = [];
  for (const message of messages().values()) {
    const last = found.at(-1);
    if (message.group && last?.[0].group === message.group) last.push(message);
    else found.push([message]);
  }
  return found;
};

const scroll = one(".scroll");
const list = one(".messages");
const atTheEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
const toTheEnd = () => { scroll.scrollTop = scroll.scrollHeight; };

// What an item shows: its messages, and the one that they answer.
const shownIn = (unit) => [...unit, messages().get(unit[0].reply)];
const same = (one, other) => one.length === other.length && one.every((each, at) => each === other[at]);

// Puts items for all messages in order; those whose messages are the same stay as they are.
const drawMessages = ({ fresh = false } = {}) => {
  const follow = fresh || atTheEnd();
  const before = fresh ? new Map() : state.items;
  const lastBefore = Math.max(0, ...before.keys());
  state.items = new Map();
  for (const unit of units()) {
    const key = unit[0].id;
    const known = before.get(key);
    const shows = shownIn(unit);
    const item = known && same(known.shows, shows) ? known.item : drawn(unit, chat(), acts);
    if (!known && !fresh && key > lastBefore) item.classList.add("new");
    state.items.set(key, { unit, shows, item });
  }
  const items = [...state.items.values()].map(({ item }) => item);
  one(".welcome").hidden = items.length > 0 || chat().kind !== "bot";
  const stays = new Set(items);
  for (const item of [...list.children]) if (!stays.has(item)) item.remove();
  items.forEach((item, at) => list.children[at] !== item && list.insertBefore(item, list.children[at] ?? null));
  const mine = [...messages().values()].at(-1)?.out;
  if (follow || (mine && items.at(-1)?.classList.contains("new"))) toTheEnd();
  drawNewest();
};

const drawNewest = () => {
  one(".newest").hidden = atTheEnd();
};

const START = { wide: "START", about: "", act: () => say("/start") };
const UNBLOCK = { wide: "UNBLOCK", about: "You have blocked the bot: it cannot write to you.", act: () => deed({ do: "unblock", ...here() }) };
const READ = { about: "Only its owner writes here. Forward a file from here to the bot: ⋮ beside it." };
const REPORTS = { about: "LOG_CHANNEL: what the bot reports to its admins." };

const instead = (shown) => {
  if (shown.blocked) return UNBLOCK;
  if (shown.kind === "bot" && messages().size === 0 && !state.begun) return START;
  if (shown.kind === "channel") return shown.writable ? REPORTS : READ;
  return null;
};

const drawHead = () => {
  const shown = chat();
  one(".top .face").replaceWith(face(shown));
  one(".titles h2").replaceChildren(isolated(shown.title));
  one(".titles p").textContent = shown.about;
  one(".top .menu").hidden = shown.kind !== "bot";
  const other = instead(shown);
  one(".composer").hidden = Boolean(other);
  one(".instead").hidden = !other;
  one(".slash").hidden = shown.kind === "channel";
  if (!other) return;
  one(".wide").hidden = !other.wide;
  one(".wide").textContent = other.wide ?? "";
  one(".wide").onclick = other.act ?? null;
  one(".instead p").textContent = other.about;
};

const draw = ({ fresh = false } = {}) => {
  if (!chat()) return;
  drawPeople();
  drawChats();
  drawHead();
  drawMessages({ fresh });
  one(".server").href = feed.server;
  tour.show();
};

// --- going about -------------------------------------------------------------------------------

const open = (who, id) => {
  const moved = who !== state.who || id !== state.chat;
  Object.assign(state, { who, chat: id, begun: false });
  state.unread.delete(placeOf(who, id));
  if (narrow.matches && document.body.dataset.view === "list") history.pushState({ view: "chat" }, "");
  document.body.dataset.view = "chat";
  history.replaceState(history.state, "", `#${placeOf(who, id)}`);
  if (moved) writing.clear();
  draw({ fresh: true });
  tour.seen(chat());
  if (!byTouch.matches) writing.focus();
};

const be = (who) => {
  const next = feed.people.find((each) => each.key === who);
  const stay = next.chats.find((each) => each.id === state.chat) ?? next.chats[0];
  if (narrow.matches && document.body.dataset.view === "list") {
    Object.assign(state, { who, chat: stay.id });
    draw({ fresh: true });
  } else open(who, stay.id);
};

const showList = () => { document.body.dataset.view = "list"; drawChats(); one(".chats button[aria-current]")?.focus(); };
one(".back").addEventListener("click", () => (history.state?.view === "chat" ? history.back() : showList()));
addEventListener("popstate", (event) => {
  if (event.state?.view === "chat") document.body.dataset.view = "chat";
  else if (narrow.matches) showList();
});

// The place in the address, so that a reload comes back to it.
const begin = () => {
  const [who, id] = location.hash.slice(1).split("/");
  const known = feed.people.find((each) => each.key === who);
  const there = known?.chats.find((each) => String(each.id) === id);
  if (there) open(who, there.id);
  else open(feed.people[0].key, feed.people[0].chats[0].id);
};

// --- what one does -----------------------------------------------------------------------------

const say = (text, reply = null) => deed({ do: "send", ...here(), text, reply });

// Links into Telegram open here, if they lead to a chat that is here. True when they do.
const follow = (url) => {
  const [, name, number] = /^https?:\/\/t\.me\/(\w+)(?:\/(\d+))?/.exec(url ?? "") ?? [];
  const found = name && person().chats.find((each) => each.username?.toLowerCase() === name.toLowerCase());
  if (!found) return false;
  open(state.who, found.id);
  if (number) find(Number(number));
  return true;
};

const find = (id) => {
  const item = [...state.items.values()].find(({ unit }) => unit.some((each) => each.id === id))?.item;
  if (!item) return;
  item.scrollIntoView({ block: "center", behavior: "smooth" });
  item.classList.remove("found");
  requestAnimationFrame(() => item.classList.add("found"));
};

const press = async (message, row, column, button) => {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  tour.note(button.textContent);
  const answer = await deed({ do: "press", ...here(), message: message.id, row, column });
  button.removeAttribute("aria-busy");
  if (answer?.url && !follow(answer.url)) window.open(answer.url, "_blank", "noopener,noreferrer");
  if (answer?.text) answer.alert ? alertOf(answer.text) : toast(answer.text);
};

const removeAll = (all) => deed({ do: "delete", ...here(), messages: all.map((each) => each.id) });

const forward = async (all) => {
  const from = here();
  const to = await sheets.target(person().chats.filter((each) => each.writable));
  if (to === null) return;
  const done = await deed({ do: "forward", ...from, to, messages: all.map((each) => each.id) });
  if (done) open(state.who, to);
};

const actsOn = (all) => {
  const [first] = all;
  const written = all.map((each) => each.text).filter(Boolean).join("\n");
  const row = (name, label, act, about = {}) => el("button", { type: "button", role: "menuitem", onclick: act, ...about }, icon(name), label);
  return [
    !one(".composer").hidden && row("reply", "Reply", () => writing.replyTo(first)),
    row("forward", "Forward", () => forward(all)),
    written && row("copy", "Copy text", () => copy(written)),
    first.link && row("link", "Copy message link", () => copy(first.link)),
    all.every((each) => each.out) && row("trash", "Delete for everybody", () => removeAll(all), { class: "danger" }),
  ].filter(Boolean);
};

const acts = {
  say, follow, find, press,
  message: (id) => messages().get(id),
  opened: (url) => tour.note(url ?? ""),
  menu: (all, button, event) => sheets.menu(actsOn(all), button, event),
};

one(".top .menu").addEventListener("click", (event) => {
  const blocked = chat().blocked;
  const row = el("button", { type: "button", role: "menuitem", onclick: () => deed({ do: blocked ? "unblock" : "block", ...here() }) }, icon("block"), blocked ? "Unblock the bot" : "Block the bot");
  sheets.menu([row], event.currentTarget);
});
one(".newest").addEventListener("click", toTheEnd);
scroll.addEventListener("scroll", drawNewest, { passive: true });
new ResizeObserver(() => !one(".newest").hidden || toTheEnd()).observe(scroll);
// A picture that has just arrived makes its message higher.
list.addEventListener("load", () => one(".newest").hidden && toTheEnd(), { capture: true });

// --- what is heard -----------------------------------------------------------------------------

const told = (news) => {
  if (news.everything) {
    if (chat()) draw();
    else begin();
  } else if (news.people) draw();
  else {
    const place = placeOf(news.who, news.chat);
    const isHere = place === placeOf(state.who, state.chat) && !document.hidden;
    const fresh = news.messages.filter((each) => !each.out && !each.edited);
    if (!isHere && fresh.length) state.unread.set(place, (state.unread.get(place) ?? 0) + fresh.length);
    draw();
  }
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  state.unread.delete(placeOf(state.who, state.chat));
  if (chat()) draw();
});

const feed = new Feed(told, (troubled) => { one(".offline").hidden = !troubled; });
const files = new Files(() => feed.mostBytes);
const sheets = new Sheets(feed, (names) => deed({ do: "samples", ...here(), names }), (own) => files.send(own, here()));
const writing = new Writing({
  say,
  commands: () => (chat()?.kind === "channel" ? [] : person()?.commands ?? []),
  files: (own) => files.send(own, here()),
  tray: () => sheets.tray(),
});
const fill = (text) => {
  state.begun = true;
  drawHead();
  writing.fill(text);
};
const tour = new Tour(feed, { open, fill, tray: () => sheets.tray() });
