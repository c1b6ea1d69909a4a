import { call } from "../api.js";
import { button, h } from "../dom.js";
import { moment, t } from "../words.js";

// Others' looks first: one's own would fill the list.
export async function screen([whose]) {
  const list = h("div");
  const more = h("div");
  await append(whose !== "all", null, list, more);
  const empty = !list.children.length;
  return [
    h("h1", {}, t("menu_log")),
    h("p", {}, empty ? t("no_looks") : t("log_intro")),
    list,
    more,
    whose === "all" ? null : h("a", { class: "button plain", href: "#/log/all" }, t("own_looks_too")),
  ];
}

async function append(othersOnly, before, list, more) {
  const query = new URLSearchParams({ limit: 10, others_only: othersOnly, ...(before ? { before } : {}) });
  const page = await call("GET", `/me/access-log?${query}`);
  list.append(...page.items.map(look));
  more.replaceChildren();
  if (page.next) more.append(button(t("more"), () => append(othersOnly, page.next, list, more)));
}

function look(item) {
  return h("article", { class: "card" }, h("p", {}, item.sentence), h("p", { class: "small" }, moment(item.at)));
}
