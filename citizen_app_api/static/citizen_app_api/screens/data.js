import { download } from "../api.js";
import { button, h } from "../dom.js";
import { dayAgo, t } from "../words.js";

export function screen() {
  const state = h("p", { role: "status" });
  return [
    h("h1", {}, t("menu_data")),
    h("p", {}, t("data_text")),
    h("p", { class: "mark" }, `⚠ ${t("data_care")}`),
    button(t("data_save"), save),
    state,
  ];

  async function save(event) {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    state.textContent = t("loading");
    try {
      const address = URL.createObjectURL(await download("/me/data"));
      const link = h("a", { href: address, download: `my-record-${dayAgo(0)}.json` });
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(address), 60000);
      state.textContent = t("data_saved");
    } catch (error) {
      state.textContent = error.message || t("offline");
    } finally {
      pressed.disabled = false;
    }
  }
}
