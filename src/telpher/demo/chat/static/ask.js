// What the page asks of the demo's server: deeds as JSON, files as they are.

import { toast } from "./dom.js";

export const deed = async (about) => {
  try {
    const answer = await fetch("deeds", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(about) });
    const told = await answer.json();
    if (answer.ok) return told;
    toast(told.error);
  } catch {
    toast("The demo does not answer.");
  }
  return null;
};

// Resolves when the file is sent; `tell` hears how much of it is, from 0 to 1.
export const upload = (place, described, body, tell, stop) =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", `files?${new URLSearchParams({ ...place, ...described })}`);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && tell(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status !== 200) toast(JSON.parse(request.responseText || "{}").error ?? "The file was not taken.");
      resolve(request.status === 200);
    });
    for (const event of ["error", "abort"]) request.addEventListener(event, () => resolve(false));
    stop.addEventListener("abort", () => request.abort());
    request.send(body);
  });
