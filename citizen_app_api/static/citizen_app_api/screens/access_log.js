import { call } from "../api.js";
import { button, h } from "../dom.js";
import { moment, t } from "../words.js";

export async function screen() {
  const list = h("div");
  const more = h("div");
  await append(null, list, more);
  const empty = !list.children.length;
  return [h("h1", {}, t("menu_log")), h("p", {}, empty ? t("no_looks") : t("log_intro")), list, more];
}

async function append(before, list, more) {
  const page = await call("GET", `/me/access-log?limit=10${before ? `&before=${before}` : ""}`);
  list.append(...page.items.map(look));
  more.replaceChildren();
  if (page.next) more.append(button(t("more"), () => append(page.next, list, more)));
}

function look(item) {
  return h("article", { class: "card" }, h("p", {}, item.sentence), h("p", { class: "small" }, moment(item.at)));
}
