import { call } from "../api.js";
import { alerts, facts, h, tile } from "../dom.js";
import { day, t } from "../words.js";

export async function screen([place]) {
  const found = await call("GET", "/me/risks");
  const items = oneForEachTopic(found.items);
  if (place === undefined) return list(items, found);
  const risk = items[Number(place)];
  return risk ? detail(risk, found) : [h("h1", {}, t("unknown_page"))];
}

// Where no model gave a number for a topic, the first of them says why.
function oneForEachTopic(items) {
  const topics = new Map();
  for (const item of items) if (!topics.has(item.topic)) topics.set(item.topic, item);
  return [...topics.values()];
}

function list(items, { notice, withheld, alerts: urgent, passed_over: passedOver }) {
  return [
    h("h1", {}, t("menu_risks")),
    ...alerts(urgent),
    h("p", {}, items.length ? t("risks_intro") : t("no_risks")),
    h("nav", {}, items.map((risk, place) => risk.value && tile(`#/risks/${place}`, risk.topic, risk.title,
      h("b", { class: "value" }, risk.value.text), `⚠ ${risk.standing_text}`))),
    items.some((risk) => !risk.value) ? h("section", {}, h("h2", {}, t("not_calculated")), h("p", {}, t("not_calculated_text")),
      items.map((risk, place) => !risk.value && tile(`#/risks/${place}`, risk.topic))) : null,
    passedOver.length ? h("section", { class: "note" }, h("h2", {}, t("passed_over")),
      h("ul", {}, passedOver.map((text) => h("li", {}, text)))) : null,
    h("p", { class: "note" }, withheld),
    h("p", { class: "notice" }, notice),
  ];
}

function detail(risk, { notice }) {
  const model = risk.model;
  return [
    h("h1", {}, risk.topic),
    h("p", {}, risk.title),
    h("p", { class: "value" }, risk.value ? risk.value.text : t("without_number")),
    risk.value && h("p", { class: "mark" }, `⚠ ${risk.standing_text}`),
    risk.value && !model.calibrated_for_korea && h("p", { class: "mark" }, `⚠ ${t("not_for_koreans")}`),
    risk.reviews.map((review) => review.reason && h("p", { class: "answer" }, h("strong", {}, `${t("clinician_says")}: `),
      review.reason)),
    risk.why_no_value && h("p", {}, risk.why_no_value),
    h("p", { class: "notice" }, notice),
    h("a", { class: "button primary", href: risk.id ? `#/ask/RiskAssessment/${risk.id}` : "#/ask" }, t("ask_about_this")),
    section("missing", risk.missing.length ? [h("ul", {}, risk.missing.map((text) => h("li", {}, text)))] : []),
    section("meaning", risk.explanation.map((text) => h("p", {}, text))),
    folded("good_to_know", risk.notes.map((text) => h("p", {}, text))),
    folded("made_from", risk.inputs.map(input)),
    folded("about_model", [facts([
      [t("calculated_on"), risk.calculated_on && day(risk.calculated_on)],
      [t("korea"), model.calibrated_for_korea ? t("korea_yes") : t("korea_no")],
      [t("horizon"), model.horizon_years && t("horizon_years", { years: model.horizon_years })],
      [t("model"), `${model.id}, ${t("version")} ${model.version}`],
      [t("population"), model.population],
      [t("source"), model.source],
    ])]),
  ];
}

function input(used) {
  return h("div", { class: "line" }, h("strong", {}, `${used.name}: ${used.value}`),
    h("span", { class: "small" }, [used.date && day(used.date), used.origin].filter(Boolean).join(", ")));
}

// What not everybody wants to read at once: a press opens it.
function folded(title, content) {
  return content.length ? h("details", {}, h("summary", {}, t(title)), content) : null;
}

function section(title, content) {
  const found = content.filter(Boolean);
  return found.length ? h("section", {}, h("h2", {}, t(title)), found) : null;
}
