// What /docs and /redoc begin with; the pages themselves carry no script (Content-Security-Policy).
"use strict";

const place = document.getElementById("reference");
const description = place.dataset.description;

if (place.dataset.reader === "redoc") {
  // Its maker's logo would come from its maker's host. The policy of the page refuses that, which
  // the console calls an error: so it is not asked for, and Redoc leaves it out as one that failed.
  const image = HTMLImageElement.prototype;
  image.setAttribute = function (name, value) {
    const there = name === "src" && new URL(value, location);
    if (there && there.protocol.startsWith("http") && there.origin !== location.origin) {
      queueMicrotask(() => this.dispatchEvent(new Event("error")));
    } else {
      Element.prototype.setAttribute.call(this, name, value);
    }
  };
  const { get } = Object.getOwnPropertyDescriptor(image, "src");
  Object.defineProperty(image, "src", { get, set(value) { this.setAttribute("src", value); } });
  Redoc.init(description, { hideDownloadButtons: false, nativeScrollbars: true }, place);
} else {
  SwaggerUIBundle({
    url: description,
    domNode: place,
    deepLinking: true,
    // A link's signature and a token are in what was tried out: nothing of that is kept.
    persistAuthorization: false,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
}
