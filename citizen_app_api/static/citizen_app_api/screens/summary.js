import { call } from "../api.js";
import { alerts, facts, h, tile } from "../dom.js";
import { day, t } from "../words.js";
import { entry } from "./records.js";

const PARTS = ["conditions", "medicines", "allergies", "vital_signs", "laboratory"];

export async function screen([part]) {
  const me = await call("GET", "/me");
  if (part) return PARTS.includes(part) ? detail(part, me[part]) : [h("h1", {}, t("unknown_page"))];
  const person = me.person;
  return [
    h("h1", {}, t("menu_summary")),
    ...alerts(me.alerts),
    h("section", { class: "card" }, h("h2", {}, person.name ?? ""), facts([
      [t("born"), day(person.birth_date)],
      [t("age"), person.age === null ? null : t("age_years", { age: person.age })],
      [t("sex"), person.sex_text],
    ])),
    h("nav", {}, PARTS.map((one) => tile(`#/summary/${one}`, t(one), gist(me[one])))),
  ];
}

// What a tile says before it is opened: the names, or the values, or that nothing is recorded.
function gist(found) {
  if (!Array.isArray(found)) return found.items.map((item) => item.title).join(", ") || t(`state_${found.state.replace("-", "_")}`);
  const known = found.filter((line) => line.value !== null);
  return known.map((line) => `${line.title} ${line.value}`).slice(0, 2).join(", ") || t("state_not_recorded");
}

function detail(part, found) {
  const content = Array.isArray(found) ? measurements(found) : [...found.items.map(entry), h("p", { class: "note" }, found.note)];
  return [h("h1", {}, t(part)), ...content];
}

function measurements(lines) {
  const unknown = lines.filter((line) => line.value === null).map((line) => line.title);
  return [
    ...lines.filter((line) => line.value !== null).map(measurement),
    unknown.length ? h("section", { class: "note" }, h("h2", {}, t("not_in_record")),
      h("ul", {}, unknown.map((title) => h("li", {}, title)))) : null,
  ].filter(Boolean);
}

function measurement(line) {
  return h("article", { class: "card" }, h("h2", {}, line.title), h("p", { class: "small" }, day(line.date)),
    h("p", { class: "value" }, line.value), line.note && h("p", { class: "mark" }, line.note),
    facts([[t("usual_range"), line.usual_range], [t("place"), line.place]]));
}
