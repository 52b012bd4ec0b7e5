// Keeps the part of a page fresh that is marked so (data-fresh: every so many milliseconds), as long
// as somebody looks and nothing in it is open or focused. Without this script one reloads the page.
"use strict";

(() => {
  const part = document.querySelector("[data-fresh]");
  const every = Number(part.dataset.fresh);

  const freshen = async () => {
    const busy = part.querySelector("details[open]") || part.contains(document.activeElement);
    if (!document.hidden && !busy) {
      try {
        const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000) });
        if (answer.status === 401) {
          location.reload();
          return;
        }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const news = page.querySelector("[data-fresh]");
        if (answer.ok && news) part.replaceChildren(...news.childNodes);
      } catch {
        // Then next time.
      }
    }
    setTimeout(freshen, every);
  };
  setTimeout(freshen, every);
})();
