// What there is and what happens: the server's events, gathered. After a break everything comes
// anew, and takes the place of what was there once it is complete.

const OFFLINE_AFTER = 2500; // milliseconds: a reload of the server's is no trouble
const AGAIN_AFTER = 3000;
const CLOSED_WHEN_HIDDEN = 60_000; // a browser has six connections to a server: hidden tabs give theirs back

export const placeOf = (who, chat) => `${who}/${chat}`;

export class Feed {
  // `told(news)` is called after each event with what it was about, `troubled(is)` when the server
  // is gone or back.
  constructor(told, troubled) {
    this.told = told;
    this.troubled = troubled;
    this.people = [];
    this.samples = [];
    this.server = "";
    this.mostBytes = 0;
    this.messages = new Map();
    this.coming = null;
    document.addEventListener("visibilitychange", () => this.visible(!document.hidden));
    this.connect();
  }

  of(who, chat) {
    return this.messages.get(placeOf(who, chat)) ?? new Map();
  }

  connect() {
    this.source = new EventSource("events");
    this.source.addEventListener("message", (event) => this.heard(JSON.parse(event.data)));
    this.source.addEventListener("error", () => {
      this.late ??= setTimeout(() => this.troubled(true), OFFLINE_AFTER);
      if (this.source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.connect(), AGAIN_AFTER);
    });
  }

  visible(is) {
    clearTimeout(this.leaving);
    if (!is) this.leaving = setTimeout(() => { this.source.close(); this.source = null; }, CLOSED_WHEN_HIDDEN);
    else if (!this.source) this.connect();
  }

  heard({ type, ...told }) {
    if (type === "hello") {
      clearTimeout(this.late);
      this.late = null;
      this.troubled(false);
      this.coming = new Map();
      Object.assign(this, told);
    } else if (type === "people") {
      this.people = told.people;
      this.told({ people: true });
    } else if (type === "news") {
      this.take(this.coming ?? this.messages, told);
      if (!this.coming) this.told(told);
    } else if (type === "ready") {
      this.messages = this.coming;
      this.coming = null;
      this.told({ everything: true });
    }
  }

  take(all, { who, chat, messages, gone }) {
    const place = placeOf(who, chat);
    const known = all.get(place) ?? new Map();
    for (const number of gone) known.delete(number);
    for (const message of messages) known.set(message.id, message);
    all.set(place, new Map([...known].sort(([one], [other]) => one - other)));
  }
}
