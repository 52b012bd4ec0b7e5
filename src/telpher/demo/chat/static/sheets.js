// What opens above the conversation: the tray of samples, the list to forward to, small menus.

import { el, face, isolated, one } from "./dom.js";
import { sign } from "./message.js";

export class Sheets {
  constructor(feed, sendSamples, sendOwn) {
    this.feed = feed;
    this.sendSamples = sendSamples;
    this.chosen = [];
    const tray = one("#tray");
    tray.addEventListener("close", () => {
      if (tray.returnValue === "send" && this.chosen.length) this.sendSamples(this.chosen);
    });
    const own = one("#own");
    one(".own", tray).addEventListener("click", () => { tray.close(""); own.click(); });
    own.addEventListener("change", () => { sendOwn([...own.files]); own.value = ""; });
    // A press beside a dialog closes it.
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
    }
    this.popover = one(".menu-popover");
    addEventListener("pointerdown", (event) => this.popover.contains(event.target) || this.closeMenu());
    this.popover.addEventListener("keydown", (event) => this.menuKey(event));
  }

  // --- samples ---

  tray() {
    const tray = one("#tray");
    this.chosen = [];
    one(".samples").replaceChildren(...this.feed.samples.map((each) => this.sample(each)));
    this.count();
    tray.returnValue = "";
    tray.showModal();
    one(".samples input").focus();
  }

  sample(each) {
    const box = el("input", { type: "checkbox", value: each.id, "aria-label": each.name });
    box.addEventListener("change", () => {
      this.chosen = box.checked ? [...this.chosen, each.id] : this.chosen.filter((id) => id !== each.id);
      this.count();
    });
    const facts = [each.size, each.duration, each.about].filter(Boolean).join(" · ");
    return el("li", {}, el("label", {}, sign(each), el("b", {}, isolated(each.name)), el("span", { class: "soft" }, facts), box));
  }

  count() {
    const send = one("#tray [value=send]");
    send.disabled = !this.chosen.length;
    send.textContent = this.chosen.length > 1 ? `Send ${this.chosen.length}` : "Send";
  }

  // --- forwarding: resolves with a chat's id, or null ---

  target(chats) {
    const dialog = one("#forward");
    one(".targets").replaceChildren(...chats.map((chat) =>
      el("li", {}, el("button", { value: String(chat.id) }, face(chat), isolated(chat.title)))));
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue ? Number(dialog.returnValue) : null), { once: true });
    });
  }

  // --- menus ---

  menu(rows, button, event) {
    this.closeMenu();
    this.from = button;
    button.setAttribute("aria-expanded", "true");
    for (const row of rows) row.addEventListener("click", () => this.closeMenu());
    this.popover.replaceChildren(...rows);
    this.popover.hidden = false;
    const { width, height } = this.popover.getBoundingClientRect();
    const near = button.getBoundingClientRect();
    const [x, y] = event?.clientX ? [event.clientX, event.clientY] : [near.left, near.bottom];
    this.popover.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
    this.popover.style.top = `${Math.max(8, y + height + 8 > innerHeight ? Math.min(y, near.top) - height : y)}px`;
    rows[0].focus();
  }

  closeMenu() {
    if (this.popover.hidden) return;
    this.popover.hidden = true;
    this.from.setAttribute("aria-expanded", "false");
    if (this.popover.contains(document.activeElement) || document.activeElement === document.body) this.from.focus();
  }

  menuKey(event) {
    const rows = [...this.popover.children];
    const at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at + rows.length - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") this.closeMenu();
    else if (to !== undefined) rows[to % rows.length].focus();
    else return;
    event.preventDefault();
  }
}
