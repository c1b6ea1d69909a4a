import { call } from "../api.js";
import { button, facts, h, tile } from "../dom.js";
import { day, t } from "../words.js";

export async function screen([step, id], tools) {
  if (step === "research") return agree(tools);
  const { items } = await call("GET", "/me/consents");
  if (step === "withdraw") return withdraw(items.find((item) => item.id === id), tools);
  const given = items.some((item) => item.purpose === "research" && item.may_withdraw);
  return [
    h("h1", {}, t("menu_consents")),
    h("p", {}, t("consents_intro")),
    given ? null : tile("#/consents/research", t("research_title")),
    items.length ? items.map(consent) : h("p", {}, t("no_consents")),
  ];
}

function consent(item) {
  return h("article", { class: "card" }, h("h2", {}, item.title),
    facts([[t("state"), item.status_text], [t("given_on"), day(item.given_on)], [t("ended_on"), item.end && day(item.end)]]),
    item.may_withdraw && h("a", { class: "button plain", href: `#/consents/withdraw/${item.id}` }, t("withdraw")));
}

function agree({ go }) {
  return [h("h1", {}, t("research_title")), h("p", {}, t("research_text")), h("p", {}, t("consents_intro")),
    button(t("agree"), async () => {
      await call("POST", "/me/consents", { purpose: "research" });
      go("consents");
    }),
    button(t("do_not_agree"), () => go("consents"), "plain")];
}

function withdraw(item, { go }) {
  if (!item) return [h("h1", {}, t("unknown_page"))];
  return [h("h1", {}, t("withdraw_question")), h("p", {}, item.title),
    button(t("withdraw"), async () => {
      await call("DELETE", `/me/consents/${item.id}`);
      go("consents");
    }),
    button(t("no"), () => go("consents"), "plain")];
}
