// How long an emergency access is open; when it has ended, nothing of the record stays on the screen.
"use strict";
for (const shown of document.querySelectorAll(".countdown")) {
  const until = Date.parse(shown.dataset.until);
  const tick = () => {
    const left = Math.floor((until - Date.now()) / 1000);
    if (left < 0) {
      document.getElementById("main").replaceChildren();
      location.replace(shown.dataset.home);
      return;
    }
    shown.querySelector("b").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    shown.classList.toggle("ending", left < 300);
    window.setTimeout(tick, 1000 - (Date.now() % 1000));
  };
  tick();
}
