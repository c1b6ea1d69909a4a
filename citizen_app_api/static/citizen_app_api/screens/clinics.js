import { call } from "../api.js";
import { facts, h } from "../dom.js";
import { t } from "../words.js";

export async function screen() {
  const { items } = await call("GET", "/me/clinics");
  return [h("h1", {}, t("menu_clinics")), items.length ? items.map(clinic) : h("p", {}, t("no_clinics"))];
}

function clinic(item) {
  return h("article", { class: "card" }, h("h2", {}, item.name ?? ""),
    item.home && h("p", { class: "mark" }, `★ ${t("home_clinic")}`),
    facts([[t("address"), item.address]]),
    item.phone
      ? h("a", { class: "button primary", href: `tel:${item.phone.replaceAll(/[^+\d]/g, "")}` }, `☎ ${t("call_clinic")} ${item.phone}`)
      : h("p", {}, t("no_phone")));
}
