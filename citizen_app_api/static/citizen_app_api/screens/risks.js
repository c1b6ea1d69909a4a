import { call } from "../api.js";
import { facts, h, tile } from "../dom.js";
import { day, t } from "../words.js";

export async function screen([place]) {
  const { items, notice } = await call("GET", "/me/risks");
  if (place === undefined) return list(items, notice);
  const risk = items[Number(place)];
  return risk ? detail(risk, notice) : [h("h1", {}, t("unknown_page"))];
}

function list(items, notice) {
  return [
    h("h1", {}, t("menu_risks")),
    h("p", {}, items.length ? t("risks_intro") : t("no_risks")),
    h("nav", {}, items.map((risk, place) => tile(`#/risks/${place}`, risk.title,
      `${risk.value ? risk.value.text : t("without_number")} · ${risk.status_text}`))),
    h("p", { class: "notice" }, notice),
  ];
}

function detail(risk, notice) {
  const about = risk.id ? `#/ask/RiskAssessment/${risk.id}` : "#/ask";
  return [
    h("h1", {}, risk.title),
    h("p", { class: "value" }, risk.value ? risk.value.text : t("without_number")),
    h("p", { class: "mark" }, risk.status_text),
    risk.why_no_value && h("p", {}, risk.why_no_value),
    section("meaning", risk.explanation.map((text) => h("p", {}, text))),
    section("made_from", [facts(risk.inputs.map((input) => [input.name, input.text]))]),
    section("missing", risk.missing.length ? [h("ul", {}, risk.missing.map((text) => h("li", {}, text)))] : []),
    h("a", { class: "button primary", href: about }, t("ask_about_this")),
    section("about_model", [risk.model && facts([
      [t("calculated_on"), day(risk.calculated_on)],
      [t("korea"), risk.model.calibrated_for_korea ? t("korea_yes") : t("korea_no")],
      [t("population"), risk.model.population],
      [t("horizon"), risk.model.horizon_years && t("horizon_years", { years: risk.model.horizon_years })],
      [t("model"), risk.model.title],
      [t("version"), `${risk.model.id} ${risk.model.version}`],
      [t("source"), risk.model.source],
    ])]),
    h("p", { class: "notice" }, notice),
  ];
}

function section(title, content) {
  const found = content.filter(Boolean);
  return found.length ? h("section", {}, h("h2", {}, t(title)), found) : null;
}
