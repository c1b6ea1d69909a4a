// Tells the person when an action did not reach the record: htmx itself would stay silent.
"use strict";
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => {
    const trouble = document.getElementById("trouble");
    trouble.hidden = false;
    trouble.focus();
  });
}
