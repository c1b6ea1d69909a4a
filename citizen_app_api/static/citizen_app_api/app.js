// The page: one screen at a time, by the address after the #.

import { actFor, actingName, endsAt, forget, Offline, renew, signedIn, signOut, whenEnded } from "./api.js";
import { button, h } from "./dom.js";
import { canSpeak, read, stop } from "./speech.js";
import { keep, kept, language, speak, t } from "./words.js";
import * as access from "./screens/access_log.js";
import * as carers from "./screens/carers.js";
import * as clinics from "./screens/clinics.js";
import * as consents from "./screens/consents.js";
import * as data from "./screens/data.js";
import * as plans from "./screens/plans.js";
import * as questions from "./screens/questions.js";
import * as records from "./screens/records.js";
import * as risks from "./screens/risks.js";
import * as sharing from "./screens/sharing.js";
import * as start from "./screens/start.js";
import * as summary from "./screens/summary.js";

const SCREENS = { "": start.home, "sign-in": start.signInScreen, notice: start.firstNotice, summary: summary.screen,
  records: records.screen, risks: risks.screen, questions: questions.screen, ask: questions.ask, plans: plans.screen,
  consents: consents.screen, log: access.screen, data: data.screen, clinics: clinics.screen,
  sharing: sharing.screen, carers: carers.screen };
const FOR_OTHERS = new Set(["", "summary", "records", "risks", "plans", "clinics", "sharing"]);
const WARN_BEFORE = 120000;
const bar = document.getElementById("bar");
const banner = document.getElementById("acting");
const main = document.getElementById("screen");
const footer = document.getElementById("help");
let message = "";
let turn = 0;

export function go(route) {
  if (location.hash === `#/${route}`) show();
  else location.hash = `#/${route}`;
}

async function show() {
  stop();
  const mine = ++turn;
  const [name, ...rest] = decodeURIComponent(location.hash.replace(/^#\/?/, "")).split("/");
  const screen = wanted(name);
  drawFrame(name);
  drawBanner();
  main.replaceChildren(h("p", { class: "loading", role: "status" }, t("loading")));
  main.setAttribute("aria-busy", "true");
  let content;
  try {
    content = screen ? await screen(rest, { go, refresh: show }) : nothing();
  } catch (error) {
    content = failed(error);
  }
  if (mine === turn) draw(content);
}

// Without a session there is the sign-in; the first time there is the notice.
function wanted(name) {
  if (!signedIn()) return SCREENS["sign-in"];
  if (kept("notice") !== "seen") return SCREENS.notice;
  if (actingName() && !FOR_OTHERS.has(name)) actFor(null);
  return SCREENS[name === "sign-in" ? "" : name];
}

function draw(content) {
  const note = message && h("p", { class: "note", role: "status" }, message);
  message = "";
  main.replaceChildren(...[note, ...[content].flat(Infinity)].filter(Boolean));
  main.removeAttribute("aria-busy");
  const title = main.querySelector("h1");
  document.title = title ? `${title.textContent} · ${t("app")}` : t("app");
  if (title) {
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
}

function nothing() {
  return [h("h1", {}, t("unknown_page")), h("a", { class: "button", href: "#/" }, t("home"))];
}

function failed(error) {
  const text = error instanceof Offline ? t("offline") : error.message || t("failed");
  return [h("h1", {}, t("failed")), h("p", { class: "alert", role: "alert" }, text), button(t("again"), show)];
}

function drawFrame(name) {
  const inside = signedIn();
  const away = inside && name !== "" && name !== "sign-in";
  const aloud = canSpeak && button(t("read_aloud"), readAloud, "plain");
  bar.replaceChildren(
    ...[away ? h("a", { class: "button plain", href: parent() }, `‹ ${t("back")}`) : h("span", { class: "brand" }, t("app")),
      aloud].filter(Boolean),
  );
  footer.replaceChildren(...phones(), ...(away ? [] : settings()), ...(inside && !away ? [leave()] : []));
}

// Whose record is open, on every screen, while it is another person's.
function drawBanner() {
  const name = actingName();
  banner.hidden = !name;
  banner.replaceChildren(...(name ? [h("strong", {}, t("acting_for", { name })), button(t("back_to_mine"), () => {
    actFor(null);
    go("");
  }, "plain")] : []));
}

function readAloud(event) {
  const pressed = event.currentTarget;
  if (pressed.getAttribute("aria-pressed") === "true") {
    stop();
    return rest();
  }
  pressed.setAttribute("aria-pressed", "true");
  pressed.textContent = t("stop_reading");
  read(main, rest);
  function rest() {
    pressed.setAttribute("aria-pressed", "false");
    pressed.textContent = t("read_aloud");
  }
}

function parent() {
  const parts = location.hash.replace(/^#\/?/, "").split("/");
  return parts[0] === "ask" ? "#/questions" : `#/${parts.slice(0, -1).join("/")}`;
}

function phones() {
  const number = document.documentElement.dataset.helpPhone;
  return [
    h("a", { class: "button plain", href: `tel:${number}` }, `☎ ${t("help_call")} ${number}`),
    h("a", { class: "button urgent", href: "tel:119" }, `☎ ${t("emergency_call")} 119`),
  ];
}

function settings() {
  const bigger = document.documentElement.classList.contains("bigger");
  return [
    choice(t("size"), [["", t("size_big")], ["bigger", t("size_bigger")]], bigger ? "bigger" : "", resize),
    choice(t("language"), [["ko", "한국어"], ["en", "English"]], language, async (value) => {
      await speak(value);
      show();
    }),
  ];
}

function choice(label, options, chosen, action) {
  return h("div", { class: "choice", role: "group", "aria-label": label }, h("span", {}, label),
    options.map(([value, text]) => h("button", { type: "button", class: "plain", "aria-pressed": value === chosen,
      ...(value === chosen ? { "data-chosen": true } : {}), onclick: () => action(value) }, value === chosen ? `✓ ${text}` : text)));
}

function resize(value) {
  keep("size", value);
  document.documentElement.classList.toggle("bigger", value === "bigger");
  drawFrame("");
}

function leave() {
  return button(t("sign_out"), async () => {
    await signOut();
    message = t("signed_out");
    go("sign-in");
  }, "plain");
}

function ended() {
  document.querySelector("dialog")?.remove();
  forget();
  message = t("session_ended");
  go("sign-in");
}

// Two minutes before the end the page asks; nothing is lost without a warning.
function watch() {
  if (!endsAt()) return;
  if (!signedIn()) return ended();
  if (endsAt() - Date.now() < WARN_BEFORE && !document.querySelector("dialog")) warn();
}

function warn() {
  const box = h("dialog", { "aria-labelledby": "ending" }, h("h2", { id: "ending" }, t("ending_title")),
    h("p", {}, t("ending_text")),
    button(t("go_on"), async () => {
      await renew().catch(ended);
      box.remove();
    }),
    button(t("sign_out"), async () => {
      box.remove();
      await signOut();
      message = t("signed_out");
      go("sign-in");
    }, "plain"));
  document.body.append(box);
  box.showModal();
}

async function begin() {
  if (kept("size") === "bigger") document.documentElement.classList.add("bigger");
  await speak(kept("language") === "en" ? "en" : "ko");
  whenEnded(ended);
  window.addEventListener("hashchange", show);
  window.setInterval(watch, 5000);
  await show();
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("/app/service-worker.js");
}

begin();
