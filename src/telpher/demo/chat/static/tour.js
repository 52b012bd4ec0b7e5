// Things to try, each with a way to begin; what has been done is seen from the messages.

import { el, icon, one } from "./dom.js";

const OPENED = "telpher.opened"; // what was opened in other tabs is in no message

const steps = [
  { title: "Send /start", more: "The bot's menu.", who: "ann", chat: "bot", say: "/start", done: (all) => all.ann.bot.some((m) => m.out && m.text.startsWith("/start")) },
  { title: "Send it a file", more: "A sample, or one of your own. The link is there at once.", who: "ann", chat: "bot", tray: true, done: (all) => all.ann.bot.some((m) => m.out && m.file && !m.origin) },
  { title: "Press ▶️ Play", more: "The player page opens. Seek as you like.", who: "ann", chat: "bot", done: (_, opened) => opened.some((url) => url.includes("/watch/")) },
  { title: "Revoke the link", more: "🗑 below the answer. The player page then says so.", who: "ann", chat: "bot", done: (_, opened) => opened.includes("🗑 Yes, end it") },
  { title: "Forward a film", more: "From the Film shelf to the bot: ⋮ beside the message.", who: "ann", chat: "channel", done: (all) => all.ann.bot.some((m) => m.out && m.origin) },
  { title: "Ask for a whole batch", more: "Links to all files between two messages, and a playlist.", who: "ann", chat: "bot", say: "/batch https://t.me/film_shelf/1 https://t.me/film_shelf/6", done: (all) => all.ann.bot.some((m) => m.out && m.text.startsWith("/batch")) },
  { title: "Reply /stream in a group", more: "⋮ beside Ben's film in the Film club, Reply.", who: "ann", chat: "supergroup", done: (all) => all.ann.supergroup.some((m) => m.reply && m.text.startsWith("/stream")) },
  { title: "Be Ada, an admin", more: "/admin opens the panel: statistics, users, banners, restart.", who: "ada", chat: "bot", say: "/admin", done: (all) => all.ada.bot.some((m) => m.out && m.text.startsWith("/admin")) },
  { title: "Open the dashboard", more: "In the panel: a link that signs you in, once.", who: "ada", chat: "bot", done: (_, opened) => opened.some((url) => url.includes("/dashboard")) },
  { title: "Send a broadcast", more: "/broadcast, then a message; you see it first, and confirm.", who: "ada", chat: "bot", say: "/broadcast", done: (all) => all.ada.bot.some((m) => m.out && m.text.startsWith("/broadcast")) },
  { title: "See the reports", more: "New users and new links, in the log channel.", who: "ada", chat: "log", done: (_, opened) => opened.includes("log") },
];

const gathered = (feed) => {
  const all = {};
  for (const person of feed.people) {
    all[person.key] = {};
    for (const chat of person.chats) all[person.key][nameOf(chat)] = [...feed.of(person.key, chat.id).values()];
  }
  return all;
};

const nameOf = (chat) => (chat.kind === "channel" && !chat.username ? "log" : chat.kind);

export class Tour {
  // `acts`: open(who, chat id), fill(text), tray().
  constructor(feed, acts) {
    this.feed = feed;
    this.acts = acts;
    this.opened = JSON.parse(sessionStorage.getItem(OPENED) ?? "[]");
    one(".hint button").addEventListener("click", () => this.next && this.go(this.next));
  }

  note(what) {
    if (this.opened.includes(what)) return;
    this.opened = [...this.opened, what].slice(-50);
    sessionStorage.setItem(OPENED, JSON.stringify(this.opened));
    this.show();
  }

  seen(chat) {
    this.note(nameOf(chat));
  }

  go(step) {
    const person = this.feed.people.find((each) => each.key === step.who);
    const chat = person.chats.find((each) => nameOf(each) === step.chat);
    this.acts.open(step.who, chat.id);
    if (step.say) this.acts.fill(step.say);
    if (step.tray) this.acts.tray();
  }

  show() {
    const all = gathered(this.feed);
    const done = steps.map((step) => step.done(all, this.opened));
    const at = done.indexOf(false);
    this.next = steps[at];
    one(".tour ol").replaceChildren(...steps.map((step, number) => this.item(step, number, done[number], number === at)));
    one(".hint").hidden = !this.next;
    if (this.next) {
      one(".hint span").replaceChildren(el("b", {}, `${at + 1}. ${this.next.title}. `), this.next.more);
      one(".hint button").textContent = this.next.say ? "Write it" : "Show me";
    }
  }

  item(step, number, done, next) {
    const tick = el("span", { class: "tick", "aria-hidden": "true" }, done ? icon("check") : String(number + 1));
    const button = el("button", { type: "button", onclick: () => this.go(step), "aria-label": `${step.title}${done ? ", done" : ""}` }, tick, el("b", {}, step.title), el("small", {}, step.more));
    return el("li", { class: done ? "done" : next ? "next" : "" }, button);
  }
}
