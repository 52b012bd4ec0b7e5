// Where one writes: the text, the message it answers, the commands on offer, files that are dropped
// or pasted.

import { el, isolated, one } from "./dom.js";
import { inShort } from "./message.js";

const byTouch = matchMedia("(pointer: coarse)");

export class Writing {
  // `acts`: say(text, reply), commands(), files(list), tray().
  constructor(acts) {
    this.acts = acts;
    this.text = one(".row textarea");
    this.offers = one(".offers");
    this.reply = null;
    one(".composer").addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    one(".attach").addEventListener("click", () => acts.tray());
    one(".slash").addEventListener("click", () => { this.fill("/"); });
    one(".answering button").addEventListener("click", () => this.replyTo(null));
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) { event.preventDefault(); acts.files(event.clipboardData.files); }
    });
    this.dropping();
  }

  dropping() {
    const talk = one(".talk");
    const over = (is) => { one(".drop").hidden = !is || one(".composer").hidden; };
    talk.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    talk.addEventListener("dragleave", (event) => talk.contains(event.relatedTarget) || over(false));
    talk.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      if (!one(".composer").hidden) this.acts.files(event.dataTransfer.files);
    });
  }

  focus() {
    if (!one(".composer").hidden) this.text.focus({ preventScroll: true });
  }

  clear() {
    this.text.value = "";
    this.replyTo(null);
    this.changed();
  }

  fill(text) {
    this.text.value = text;
    this.changed();
    this.text.focus();
    this.text.setSelectionRange(text.length, text.length);
  }

  replyTo(message) {
    this.reply = message?.id ?? null;
    one(".answering").hidden = !message;
    if (!message) return;
    one(".answering p").replaceChildren(el("b", {}, "Reply to ", isolated(message.from)), isolated(inShort(message)));
    this.focus();
  }

  async send() {
    const text = this.text.value.trim();
    if (!text) return;
    const reply = this.reply;
    this.clear();
    // What was not taken is not lost.
    if (!(await this.acts.say(text, reply)) && !this.text.value) this.fill(text);
  }

  key(event) {
    if (event.isComposing) return;
    if (!this.offers.hidden && this.choose(event)) return;
    if (event.key === "Escape" && this.reply) this.replyTo(null);
    if (event.key === "Enter" && !event.shiftKey && !byTouch.matches) {
      event.preventDefault();
      this.send();
    }
  }

  // --- commands ---

  changed() {
    if (!CSS.supports("field-sizing", "content")) {
      this.text.style.height = "auto";
      this.text.style.height = `${this.text.scrollHeight + 2}px`;
    }
    const [, begun] = /^\/(\w*)$/.exec(this.text.value) ?? [];
    const fitting = begun === undefined ? [] : this.acts.commands().filter(([name]) => name.startsWith(begun.toLowerCase()));
    this.offers.hidden = !fitting.length;
    this.offers.replaceChildren(...fitting.map(([name, about], at) =>
      el("li", { role: "option", "aria-selected": String(at === 0), onclick: () => this.take(name) }, el("b", {}, `/${name}`), about)));
  }

  take(name) {
    this.text.value = `/${name}`;
    this.send();
    this.focus();
  }

  // True when the key was for the list.
  choose(event) {
    const rows = [...this.offers.children];
    const at = rows.findIndex((row) => row.ariaSelected === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = (at + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length;
      rows.forEach((row, number) => { row.ariaSelected = String(number === next); });
      rows[next].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") this.take(rows[at].firstChild.textContent.slice(1));
    else if (event.key === "Tab") this.fill(`${rows[at].firstChild.textContent} `);
    else if (event.key === "Escape") this.offers.hidden = true;
    else return false;
    event.preventDefault();
    return true;
  }
}
