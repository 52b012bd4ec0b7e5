// What /docs and /redoc begin with; the pages themselves carry no script (Content-Security-Policy).
"use strict";

const place = document.getElementById("reference");
const description = place.dataset.description;

if (place.dataset.reader === "redoc") {
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
