// Who may see my record: my decisions, and a new one in small steps.

import { actingGuardian, call } from "../api.js";
import { button, facts, h } from "../dom.js";
import { day, t } from "../words.js";
import { radios, scopeSteps, wizard } from "../wizard.js";

export async function screen([step, id], tools) {
  if (step === "new") return decide(tools);
  const { items, rule } = await call("GET", "/me/sharing");
  if (step === "end") return finish(items.find((item) => item.id === id), tools);
  const [now, past] = [items.filter((item) => item.active), items.filter((item) => !item.active)];
  return [
    h("h1", {}, t("menu_sharing")),
    h("p", {}, t("sharing_intro")),
    h("p", { class: "mark" }, `⚠ ${t("sharing_emergency")}`),
    rule.text && h("p", { class: "note" }, rule.text),
    rule.self_decides && h("a", { class: "button primary", href: "#/sharing/new" }, t("sharing_new")),
    h("h2", {}, t("sharing_now")),
    now.length ? now.map((item) => card(item, rule.self_decides)) : h("p", {}, t("sharing_none")),
    past.length ? h("details", {}, h("summary", {}, t("sharing_past")), past.map((item) => card(item, false))) : null,
  ];
}

function card(item, mayEnd) {
  return h("article", { class: "card" },
    h("h2", {}, `${item.permit ? "✓" : "✕"} ${(item.permit ? t("permitted") : t("denied"))}`),
    h("p", {}, item.sentence),
    facts([[t("decided_on"), day(item.decided_on)], [t("starts_on"), item.start && day(item.start)],
      [t("ended_on"), item.end && day(item.end)]]),
    mayEnd && h("a", { class: "button plain", href: `#/sharing/end/${item.id}` }, t("end_this")));
}

function finish(item, { go }) {
  if (!item) return [h("h1", {}, t("unknown_page"))];
  return [h("h1", {}, t("end_question")), h("p", {}, item.sentence), h("p", {}, t("end_text")),
    button(t("end_this"), async () => {
      await call("DELETE", `/me/sharing/${item.id}`);
      go("sharing");
    }),
    button(t("no"), () => go("sharing"), "plain")];
}

function decide({ go }) {
  const state = { permit: null, who: "anyone", names: "", name: "", kinds: [], classes: [], purpose: "", start: null, end: null };
  const send = async () => {
    const { name: _name, ...body } = state;
    await call("POST", "/me/sharing", { ...body, purpose: state.purpose || null });
    go("sharing");
  };
  return wizard(t("sharing_new"), [
    () => [t("permit_or_deny"), radios("permit", [["true", t("permit_long")], ["false", t("deny_long")]],
      String(state.permit ?? ""), (value) => { state.permit = value === "true"; })],
    () => [t("to_whom"), radios("who", [["anyone", t("who_anyone")], ["institution", t("who_institution")],
      ["person", t("who_person")]], state.who, (value) => Object.assign(state, { who: value, names: "", name: "" }))],
    () => (state.who === "anyone" ? null : [(state.who === "institution" ? t("which_institution") : t("which_person")), finder(state)]),
    ...scopeSteps(state, () => state.permit),
    () => [t("what_for"), radios("purpose", [["", t("any_purpose")], ["treatment", t("purpose_treatment")],
      ["payment", t("purpose_payment")], ["research", t("purpose_research")]], state.purpose, (value) => { state.purpose = value; })],
    () => [t("is_this_right"), h("div", { class: "card" }, summary(state)), actingGuardian() && h("p", { class: "mark" }, t("for_child"))],
  ], send);
}

function summary(state) {
  const what = state.kinds.length ? state.kinds.map((one) => t(`share_${one}`)).join(", ") : t("all_kinds");
  return [h("p", { class: "value" }, `${state.permit ? "✓" : "✕"} ${(state.permit ? t("permitted") : t("denied"))}`),
    facts([[t("to_whom"), state.name || t("who_anyone")], [t("what"), what],
      [t("sensitive"), state.classes.map((one) => t(`class_${one}`)).join(", ")],
      [t("what_for"), state.purpose ? t(`purpose_${state.purpose}`) : t("any_purpose")],
      [t("ended_on"), state.end ? day(state.end) : t("until_i_end_it")]])];
}

// Institutions or people by the beginning of their name.
function finder(state) {
  const field = h("input", { id: "find", type: "search", autocomplete: "off", value: state.name });
  const found = h("div", { role: "group", "aria-live": "polite" });
  const look = async () => {
    if (!field.value.trim()) return;
    const query = new URLSearchParams({ who: state.who, name: field.value.trim() });
    const { items } = await call("GET", `/me/sharing/choices?${query}`);
    found.replaceChildren(items.length ? radios("names", items.map((one) => [one.id, one.detail ? `${one.name}, ${one.detail}` : one.name]),
      state.names, (value) => Object.assign(state, { names: value, name: items.find((one) => one.id === value).name }))
      : h("p", {}, t("nobody_found")));
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    look();
  });
  return h("div", { "data-needs": "names" }, h("label", { for: "find" }, t("name_begins")), field,
    button(t("find"), look, "plain"), found);
}
