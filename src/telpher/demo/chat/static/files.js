// Files of one's own: what they are is looked up in the browser, as Telegram's clients do, and a
// picture is made a JPEG.

import { upload } from "./ask.js";
import { el, one, toast } from "./dom.js";

const LONGEST_SIDE = 1280; // pixels of a photo: what Telegram's clients make of larger ones
const PATIENCE = 3000; // milliseconds for a browser to find out what a file is

const until = (target, good, bad = "error") =>
  new Promise((resolve, reject) => {
    target.addEventListener(good, resolve, { once: true });
    target.addEventListener(bad, () => reject(new Error(bad)), { once: true });
    setTimeout(() => reject(new Error("late")), PATIENCE);
  });

const photoOf = async (file) => {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = el("canvas", { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const body = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.87));
  return { body, kind: "photo", type: "image/jpeg", width: canvas.width, height: canvas.height };
};

const mediaOf = async (file, kind) => {
  const media = el(kind, { preload: "metadata" });
  const source = URL.createObjectURL(file);
  try {
    media.src = source;
    await until(media, "loadedmetadata");
    const duration = Number.isFinite(media.duration) ? Math.round(media.duration) : 0;
    return { body: file, kind, duration, width: media.videoWidth ?? 0, height: media.videoHeight ?? 0 };
  } finally {
    URL.revokeObjectURL(source);
  }
};

const described = async (file) => {
  const family = file.type.split("/")[0];
  try {
    if (family === "image" && !/svg|gif/.test(file.type)) return await photoOf(file);
    if (family === "video" || family === "audio") return await mediaOf(file, family);
  } catch {
    // The browser does not know it: then it is a file like others.
  }
  return { body: file, kind: ["video", "audio"].includes(family) ? family : "document" };
};

export class Files {
  constructor(most) {
    this.most = most;
    this.waiting = [];
    this.stop = null;
    one(".sending button").addEventListener("click", () => {
      this.waiting = [];
      this.stop?.abort();
    });
  }

  async send(files, place) {
    this.waiting.push(...[...files].map((file) => [file, place]));
    if (this.stop) return;
    while (this.waiting.length) await this.sendOne(...this.waiting.shift());
    one(".sending").hidden = true;
    this.stop = null;
  }

  async sendOne(file, place) {
    this.stop = new AbortController();
    if (file.size > this.most()) {
      toast(`${file.name} is larger than the demo takes.`);
      return;
    }
    one(".sending p").textContent = `Sending ${file.name}`;
    one(".sending progress").value = 0;
    one(".sending").hidden = false;
    const { body, ...found } = await described(file);
    const about = { name: file.name, type: file.type, ...found };
    await upload(place, about, body, (part) => { one(".sending progress").value = part; }, this.stop.signal);
  }
}
