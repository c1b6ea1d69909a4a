import { call } from "../api.js";
import { facts, h } from "../dom.js";
import { day, t } from "../words.js";
import { entry } from "./records.js";

const PARTS = ["conditions", "medicines", "allergies", "vital_signs", "laboratory"];

export async function screen() {
  const me = await call("GET", "/me");
  const person = me.person;
  return [
    h("h1", {}, t("menu_summary")),
    h("section", { class: "card" }, h("h2", {}, person.name ?? ""), facts([
      [t("born"), day(person.birth_date)],
      [t("age"), person.age === null ? null : t("age_years", { age: person.age })],
      [t("sex"), person.sex_text],
    ])),
    ...PARTS.map((part) => (Array.isArray(me[part]) ? measurements(part, me[part]) : section(part, me[part]))),
  ];
}

function section(part, found) {
  return h("section", {}, h("h2", {}, t(part)), found.items.map(entry), h("p", { class: "note" }, found.note));
}

function measurements(part, lines) {
  const known = lines.filter((line) => line.value !== null);
  const unknown = lines.filter((line) => line.value === null);
  return h("section", {}, h("h2", {}, t(part)), known.map(measurement),
    unknown.length ? h("p", { class: "note" }, `${t("not_in_record")}: ${unknown.map((line) => line.title).join(", ")}`) : null);
}

function measurement(line) {
  return h("article", { class: "card" }, h("h3", {}, line.title),
    h("p", { class: "value" }, line.value, line.note && h("span", { class: "mark" }, line.note)),
    facts([[t("usual_range"), line.usual_range], [t("place"), line.place]]), h("p", { class: "small" }, day(line.date)));
}
