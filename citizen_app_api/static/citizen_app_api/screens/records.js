import { call } from "../api.js";
import { button, facts, h, tile } from "../dom.js";
import { day, t } from "../words.js";

const KINDS = ["visits", "diagnoses", "prescriptions", "labs", "vitals", "tests", "immunisations", "allergies",
  "procedures", "documents"];

export async function screen([kind]) {
  if (!kind) {
    return [h("h1", {}, t("which_records")), h("nav", {}, KINDS.map((one) => tile(`#/records/${one}`, t(`kind_${one}`))))];
  }
  const list = h("div");
  const more = h("div");
  await append(kind, null, list, more);
  const empty = !list.children.length;
  return [h("h1", {}, t(`kind_${kind}`)), h("p", {}, empty ? t("no_entries") : t("newest_first")), list, more];
}

async function append(kind, cursor, list, more) {
  const query = new URLSearchParams({ kind, limit: 10, ...(cursor ? { cursor } : {}) });
  const page = await call("GET", `/me/records?${query}`);
  const added = page.items.map(entry);
  list.append(...added);
  more.replaceChildren();
  if (page.next) more.append(button(t("more"), () => append(kind, page.next, list, more).then(() => focus(added))));
}

function focus(before) {
  const next = before.at(-1)?.nextElementSibling;
  if (next) {
    next.tabIndex = -1;
    next.focus();
  }
}

export function entry(item) {
  return h("article", { class: "card" }, h("h2", {}, item.title), h("p", { class: "small" }, day(item.date)),
    item.value && h("p", { class: "value" }, item.value),
    item.value_note && h("p", { class: "mark" }, item.value_note),
    facts([[t("recorded_as"), item.recorded_as], ...item.details.map((detail) => [detail.label, dated(detail.text)]),
      [t("place"), item.place]]));
}

const dated = (text) => (/^\d{4}(-\d{2}){0,2}$/.test(text) ? day(text) : text);
