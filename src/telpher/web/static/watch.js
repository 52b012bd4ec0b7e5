// The player page's script: keys, the place where one left off, and a way out when it does not play.
// The page works without it; every link is in the page already. It loads nothing from elsewhere.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const media = byId("media");

  // --- the address ---------------------------------------------------------------------------

  // Browsers hand out the clipboard on https and localhost only; elsewhere the older way works.
  const copied = async (field) => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      return document.execCommand("copy");
    }
  };

  const address = byId("address");
  byId("copy").hidden = false;
  byId("copy").addEventListener("click", async () => {
    const done = await copied(address);
    byId("copied").textContent = done ? "Copied." : "Select it and copy it with Ctrl+C.";
  });
  address.addEventListener("focus", () => address.select());
  if (!media) return;

  // An iPad calls itself a Mac: its players are among the others.
  if (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1) byId("more").open = true;
  document.querySelector("[autofocus]")?.scrollIntoView({ block: "center" });

  // --- the controls --------------------------------------------------------------------------

  customElements.whenDefined("media-controller").then(() => media.removeAttribute("controls"));
  byId("keys").hidden = false;
  if ("mediaSession" in navigator) {
    const { title, artist } = media.dataset;
    navigator.mediaSession.metadata = new MediaMetadata({ title, artist });
  }

  const limited = (value, most) => Math.min(Math.max(value, 0), most);
  const goTo = (seconds) => {
    if (Number.isFinite(media.duration)) media.currentTime = limited(seconds, media.duration);
  };
  const louder = (by) => {
    media.volume = limited(Math.round((media.volume + by) * 100) / 100, 1);
    media.muted = false;
  };
  const rates = [0.5, 0.75, 1, 1.25, 1.5, 2];
  const faster = (by) => {
    const at = rates.findIndex((rate) => rate >= media.playbackRate);
    media.playbackRate = rates[limited(at + by, rates.length - 1)];
  };
  const toggle = () => (media.paused ? media.play().catch(() => {}) : media.pause());
  const picture = () => {
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    return document.pictureInPictureEnabled && media.requestPictureInPicture?.().catch(() => {});
  };

  const keys = new Map(Object.entries({
    " ": toggle, k: toggle,
    arrowleft: () => goTo(media.currentTime - 5), arrowright: () => goTo(media.currentTime + 5),
    j: () => goTo(media.currentTime - 10), l: () => goTo(media.currentTime + 10),
    arrowup: () => louder(0.1), arrowdown: () => louder(-0.1),
    m: () => { media.muted = !media.muted; },
    f: () => byId("fullscreen")?.click(),
    p: picture,
    "<": () => faster(-1), ">": () => faster(1),
    home: () => goTo(0), end: () => goTo(media.duration),
  }));
  for (let digit = 0; digit < 10; digit++) {
    keys.set(String(digit), () => goTo((media.duration * digit) / 10));
  }

  // What somebody has reached with the Tab key answers its own keys.
  const OWN = { " ": "a, button, summary, input, [role=button]", arrow: "input, [role=slider]" };
  const answersItself = (event, key) => {
    const target = event.composedPath()[0];
    if (!(target instanceof Element)) return false;
    const own = key === " " ? OWN[" "] : /^(arrow|home|end)/.test(key) ? OWN.arrow : "#address";
    return target === media && media.controls ? true : Boolean(target.closest(own));
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    if (!keys.has(key) || answersItself(event, key)) return;
    event.preventDefault();
    keys.get(key)();
  });

  // --- the place where one left off ----------------------------------------------------------

  const PLACES = "telpher.places";
  const MOST = 200; // files that are remembered; the one that was longest ago goes first
  const EVERY = 5000; // milliseconds

  const places = () => {
    try {
      return new Map(JSON.parse(localStorage.getItem(PLACES) ?? "[]"));
    } catch {
      return new Map(); // not ours, or not to be read
    }
  };
  const keep = (all) => {
    try {
      localStorage.setItem(PLACES, JSON.stringify([...all].slice(-MOST)));
    } catch {
      // No room, or not allowed: then nothing is remembered.
    }
  };

  // Not worth remembering: the very beginning, and the end, where one has seen it.
  const worth = (seconds, duration) =>
    seconds > Math.min(10, duration * 0.05) && duration - seconds > Math.min(60, duration * 0.05);

  const remember = () => {
    if (!Number.isFinite(media.duration) || !media.currentTime) return;
    const all = places();
    all.delete(media.dataset.file);
    if (worth(media.currentTime, media.duration)) all.set(media.dataset.file, Math.floor(media.currentTime));
    keep(all);
  };

  const clock = (seconds) => {
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
    return parts.slice(parts[0] ? 0 : 1).map((part) => String(part).padStart(2, "0")).join(":");
  };

  const resume = () => {
    const place = Number(places().get(media.dataset.file));
    if (media.currentTime || !(place > 0) || !worth(place, media.duration)) return;
    goTo(place);
    byId("place").textContent = clock(place);
    byId("resumed").hidden = false;
  };
  const whenKnown = (act) =>
    media.readyState >= HTMLMediaElement.HAVE_METADATA
      ? act()
      : media.addEventListener("loadedmetadata", act, { once: true });
  whenKnown(resume);

  let kept = 0;
  media.addEventListener("timeupdate", () => {
    if (media.paused || Math.abs(performance.now() - kept) < EVERY) return;
    kept = performance.now();
    remember();
    if (kept - resumedAt > EVERY) byId("resumed").hidden = true;
  });
  let resumedAt = Infinity;
  media.addEventListener("playing", () => { resumedAt = Math.min(resumedAt, performance.now()); });
  for (const event of ["pause", "seeked", "ended"]) media.addEventListener(event, remember);
  addEventListener("pagehide", remember);
  byId("restart").addEventListener("click", () => {
    goTo(0);
    byId("resumed").hidden = true;
    const all = places();
    all.delete(media.dataset.file);
    keep(all);
  });

  // --- when it does not play -----------------------------------------------------------------

  const trouble = byId("trouble");
  const tell = (reason) => {
    for (const part of trouble.querySelectorAll("[data-reason]")) part.hidden = part.dataset.reason !== reason;
    for (const part of trouble.querySelectorAll("[data-with]")) part.hidden = !part.dataset.with.split(" ").includes(reason);
    trouble.hidden = false;
    byId("player").hidden = true;
    byId("doubt").hidden = true;
  };

  // The element tells "cannot decode" and "was not given" apart only in part: the server knows.
  const reason = async () => {
    try {
      const { ok, status } = await fetch(media.currentSrc || media.src, { method: "HEAD" });
      if (status === 404 || status === 410) return "gone";
      if (!ok) return "busy";
    } catch {
      return "lost";
    }
    const { MEDIA_ERR_DECODE, MEDIA_ERR_SRC_NOT_SUPPORTED } = MediaError;
    return [MEDIA_ERR_DECODE, MEDIA_ERR_SRC_NOT_SUPPORTED].includes(media.error?.code) ? "codec" : "lost";
  };
  const failed = async () => tell(await reason());
  media.addEventListener("error", failed);
  if (media.error) failed(); // before this script ran

  byId("again").addEventListener("click", () => {
    const place = media.currentTime;
    trouble.hidden = true;
    byId("player").hidden = false;
    media.load();
    whenKnown(() => goTo(place));
    toggle();
  });

  whenKnown(() => {
    byId("silent").hidden = !(media instanceof HTMLVideoElement) || media.videoWidth > 0;
  });
  byId("doubt").hidden = Boolean(media.canPlayType(media.dataset.type)) || Boolean(media.error);
  // A file without a picture: the sign behind it shows.
  const cover = byId("cover");
  cover?.addEventListener("error", () => cover.remove());
  if (cover?.complete && !cover.naturalWidth) cover.remove();
})();
