// Carers: whom I let care for me, and for whom I care.

import { actFor, call } from "../api.js";
import { button, facts, h, tile } from "../dom.js";
import { day, t } from "../words.js";
import { scopeSteps, wizard } from "../wizard.js";

export async function screen([step, id], tools) {
  if (step === "code") return code();
  if (step === "new") return make(tools);
  const care = await call("GET", "/me/carers");
  if (step === "end") return end(care.carers.find((item) => item.id === id), tools);
  if (step === "offer") return offer(care.offers.find((item) => item.id === id), tools);
  const carers = care.carers.filter((item) => item.active);
  return [
    h("h1", {}, t("menu_carers")),
    h("h2", {}, t("my_people")),
    care.people.length ? care.people.map((one) => person(one, tools)) : h("p", {}, t("no_people")),
    care.offers.map(offered),
    h("h2", {}, t("my_carers")),
    h("p", {}, t("carers_intro")),
    carers.length ? carers.map(carer) : h("p", {}, t("no_carers")),
    h("a", { class: "button primary", href: "#/carers/new" }, t("carer_new")),
    tile("#/carers/code", t("carer_code"), t("carer_code_text")),
  ];
}

function person(one, { go }) {
  return h("article", { class: "card" }, h("h2", {}, one.name),
    facts([[t("as_whom"), (one.guardian ? t("as_guardian") : t("as_carer"))],
      [t("ended_on"), one.until ? day(one.until) : t("until_it_ends")]]),
    button(t("open_record"), () => {
      actFor(one);
      go("");
    }));
}

function offered(item) {
  return h("article", { class: "card" }, h("h2", {}, item.person_name),
    h("p", {}, (item.accepted ? t("you_care") : t("wants_you"))), h("p", {}, item.sentence),
    h("a", { class: `button ${item.accepted ? "plain" : "primary"}`, href: `#/carers/offer/${item.id}` },
      (item.accepted ? t("stop_caring") : t("answer_offer"))));
}

function carer(item) {
  return h("article", { class: "card" }, h("h2", {}, item.name),
    h("p", { class: "mark" }, (item.accepted ? t("carer_accepted") : t("carer_waits"))), h("p", {}, item.sentence),
    facts([[t("decided_on"), day(item.decided_on)], [t("ended_on"), item.end ? day(item.end) : t("until_i_end_it")]]),
    h("a", { class: "button plain", href: `#/carers/end/${item.id}` }, t("end_this")));
}

async function code() {
  const made = await call("POST", "/me/carers/code");
  return [h("h1", {}, t("carer_code")), h("p", {}, t("carer_code_how", { minutes: made.minutes })),
    h("p", { class: "value" }, `${made.code.slice(0, 4)} ${made.code.slice(4)}`),
    h("p", { class: "mark" }, `⚠ ${t("carer_code_care")}`)];
}

function make({ go }) {
  const state = { code: "", kinds: [], classes: [], start: null, end: null };
  const field = h("input", { id: "code", inputmode: "numeric", autocomplete: "off",
    oninput: () => { state.code = field.value; } });
  return wizard(t("carer_new"), [
    () => [t("carer_code_ask"), h("p", {}, t("carer_code_where")), h("label", { for: "code" }, t("eight_digits")), field],
    ...scopeSteps(state, () => true),
    () => [t("is_this_right"), h("p", {}, t("carer_right")), facts([
      [t("what"), state.kinds.map((one) => t(`share_${one}`)).join(", ") || t("all_kinds")],
      [t("sensitive"), state.classes.map((one) => t(`class_${one}`)).join(", ")],
      [t("ended_on"), state.end ? day(state.end) : t("until_i_end_it")]])],
  ], async () => {
    await call("POST", "/me/carers", state);
    go("carers");
  });
}

function end(item, { go }) {
  if (!item) return [h("h1", {}, t("unknown_page"))];
  return [h("h1", {}, t("end_carer", { name: item.name })), h("p", {}, t("end_text")),
    button(t("end_this"), async () => {
      await call("DELETE", `/me/sharing/${item.id}`);
      go("carers");
    }),
    button(t("no"), () => go("carers"), "plain")];
}

function offer(item, { go }) {
  if (!item) return [h("h1", {}, t("unknown_page"))];
  const answer = (method) => async () => {
    await call(method, `/me/carers/${item.id}/acceptance`);
    go("carers");
  };
  return [h("h1", {}, t("offer_of", { name: item.person_name })), h("p", {}, item.sentence),
    item.end && facts([[t("ended_on"), day(item.end)]]), h("p", { class: "mark" }, `⚠ ${t("offer_care")}`),
    !item.accepted && button(t("offer_accept"), answer("PUT")),
    button((item.accepted ? t("stop_caring") : t("offer_decline")), answer("DELETE"), "plain")];
}
