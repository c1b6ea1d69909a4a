import { call, newKey } from "../api.js";
import { button, facts, h, tile } from "../dom.js";
import { day, dayAgo, t } from "../words.js";

const TROUBLE = ["chest-pain", "dizzy", "breathless", "fall", "pain"];

export async function screen([planId, exerciseId], tools) {
  const { items, caution, missing, notice } = await call("GET", "/me/plans");
  const warning = caution && h("p", { class: "alert", role: "alert" }, `⚠ ${caution}`);
  if (!planId) return [h("h1", {}, t("menu_plans")), warning, ...list(items, missing, notice)];
  const plan = items.find((item) => item.id === planId);
  if (!plan) return [h("h1", {}, t("unknown_page"))];
  const exercise = plan.exercises.find((item) => item.id === exerciseId);
  return exercise ? log(plan, exercise, warning, tools) : detail(plan, warning, notice);
}

function list(items, missing, notice) {
  if (items.length) {
    return [h("nav", {}, items.map((plan) => tile(`#/plans/${plan.id}`, plan.title))), h("p", { class: "notice" }, notice)];
  }
  return [h("p", {}, t("no_plans")),
    missing.length ? h("p", {}, `${t("to_be_measured")}: ${missing.join(", ")}`) : null];
}

function detail(plan, warning, notice) {
  return [
    h("h1", {}, plan.title),
    warning,
    plan.description && h("p", {}, plan.description),
    facts([[t("goals"), plan.goals.join(", ")], [t("signed_by"), plan.signed_by]]),
    plan.notes.map((note) => h("p", { class: "mark" }, `⚠ ${note}`)),
    h("h2", {}, t("exercises")),
    plan.exercises.map((exercise) => h("article", { class: "card" }, h("h3", {}, exercise.title),
      exercise.description && h("p", {}, exercise.description),
      facts([[t("how_often"), exercise.how_often], [t("take_care"), exercise.cautions.join(", ")],
        [t("last_done"), exercise.last_done ? day(exercise.last_done) : t("never_done")]]),
      h("a", { class: "button primary", href: `#/plans/${plan.id}/${exercise.id}` }, t("i_did_it")))),
    h("p", { class: "notice" }, notice),
  ];
}

function log(plan, exercise, warning, { go }) {
  const key = newKey();
  const trouble = h("p", { class: "alert", role: "alert", hidden: true });
  const submit = h("button", { class: "primary" }, t("save"));
  const form = h("form", { onsubmit: save },
    group("done_on", t("when_done"), [[dayAgo(0), t("today")], [dayAgo(1), t("yesterday")]], "radio", dayAgo(0)),
    group("minutes", t("how_long"), [...[5, 10, 20, 30].map((count) => [count, t("minutes", { minutes: count })]),
      ["", t("not_sure")]], "radio", ""),
    group("effort", t("how_hard"), [[2, t("effort_easy")], [5, t("effort_middling")], [8, t("effort_hard")],
      ["", t("not_sure")]], "radio", ""),
    group("trouble", t("any_trouble"), TROUBLE.map((code) => [code, t(`trouble_${code.replace("-", "_")}`)]), "checkbox"),
    trouble, submit);

  async function save(event) {
    event.preventDefault();
    const given = new FormData(form);
    submit.disabled = true;
    try {
      const answer = await call("POST", `/me/plans/${plan.id}/exercises`, {
        exercise: exercise.id,
        done_on: given.get("done_on"),
        minutes: given.get("minutes") ? Number(given.get("minutes")) : null,
        effort: given.get("effort") ? Number(given.get("effort")) : null,
        trouble: given.getAll("trouble"),
      }, key);
      form.parentElement.replaceChildren(...done(answer, go));
      document.querySelector("h1").focus();
    } catch (error) {
      trouble.textContent = `⚠ ${error.errors?.[0]?.message || error.message || t("offline")}`;
      trouble.hidden = false;
      submit.disabled = false;
    }
  }
  return [h("h1", {}, exercise.title), warning, form];
}

function done(answer, go) {
  const urgent = answer.advice === "call-119";
  return [
    h("h1", { tabindex: -1 }, t("logged_title")),
    h("p", { class: answer.advice === "good" ? "" : "alert", role: "alert" }, answer.text),
    urgent && h("a", { class: "button urgent", href: "tel:119" }, `☎ ${t("call_119")}`),
    answer.clinic_told && h("p", {}, t("told_clinic")),
    button(t("menu_plans"), () => go("plans"), urgent ? "plain" : "primary"),
  ].filter(Boolean);
}

function group(name, title, options, type, chosen) {
  return h("fieldset", {}, h("legend", {}, title), options.map(([value, text]) => h("label", { class: "check" },
    h("input", { type, name, value, checked: type === "radio" && value === chosen }), text)));
}
