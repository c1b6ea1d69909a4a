// Reading a screen aloud.

import { language } from "./words.js";

export const canSpeak = "speechSynthesis" in window;

export function stop() {
  if (canSpeak) window.speechSynthesis.cancel();
}

export function read(element, done) {
  stop();
  for (const text of sentences(element)) {
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = language === "ko" ? "ko-KR" : "en-GB";
    utterance.rate = 0.9;
    window.speechSynthesis.speak(utterance);
  }
  const end = new SpeechSynthesisUtterance("");
  end.onend = done;
  window.speechSynthesis.speak(end);
}

// Short pieces: some browsers stop in the middle of a long one.
function sentences(element) {
  const blocks = element.querySelectorAll("h1, h2, h3, p, dt, dd, li, a.tile, button, label");
  const texts = Array.from(blocks, (block) => (block.children.length && block.matches("li") ? "" : block.innerText));
  return texts.map((text) => text.replace(/\s+/g, " ").trim()).filter(Boolean);
}
