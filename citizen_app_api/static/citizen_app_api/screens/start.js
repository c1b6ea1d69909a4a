import { actingName, call, nameOfPerson, signIn } from "../api.js";
import { alerts, button, facts, h, tile } from "../dom.js";
import { keep, moment, t } from "../words.js";

export function signInScreen(_, { go }) {
  const trouble = h("p", { class: "alert", role: "alert", hidden: true });
  const name = h("input", { id: "username", name: "username", autocomplete: "username", autocapitalize: "none",
    spellcheck: "false", required: true });
  const password = h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password",
    required: true });
  const visible = h("input", { id: "visible", type: "checkbox",
    onchange: () => { password.type = visible.checked ? "text" : "password"; } });
  const code = h("input", { id: "code", name: "code", autocomplete: "one-time-code", inputmode: "numeric" });
  const second = h("div", { hidden: true }, h("label", { for: "code" }, t("code")), code);
  const submit = h("button", { class: "primary" }, t("sign_in"));
  const form = h("form", { novalidate: true, onsubmit: enter },
    h("label", { for: "username" }, t("username")), name,
    h("label", { for: "password" }, t("password")), password,
    h("label", { class: "check", for: "visible" }, visible, t("show_password")),
    second, trouble, submit);

  async function enter(event) {
    event.preventDefault();
    const empty = [name, password].find((field) => !field.value);
    if (empty) return complain(t("fill_in"), empty);
    submit.disabled = true;
    try {
      await signIn(name.value.trim(), password.value, code.value);
      go("");
    } catch (error) {
      const asked = error.errors?.find((one) => one.field === "code");
      if (asked) second.hidden = false;
      complain(asked?.message || error.message || t("offline"), asked ? code : password);
    } finally {
      submit.disabled = false;
    }
  }

  function complain(text, field) {
    trouble.textContent = `⚠ ${text}`;
    trouble.hidden = false;
    field.focus();
  }

  return [h("h1", {}, t("sign_in_title")), form, h("p", {}, t("sign_in_help")), h("p", { class: "small" }, t("notice_device"))];
}

export function firstNotice(_, { refresh }) {
  const lines = ["notice_ai", "notice_device", "notice_person", "notice_119"];
  return [
    h("h1", {}, t("notice_title")),
    h("ul", { class: "plain-list" }, lines.map((line) => h("li", {}, t(line)))),
    button(t("understood"), () => {
      keep("notice", "seen");
      refresh();
    }),
  ];
}

const OWN = ["summary", "risks", "plans", "records", "questions", "clinics", "log", "sharing", "carers", "consents", "data"];
const OTHERS = ["summary", "risks", "plans", "records", "clinics", "sharing"];

export async function home() {
  const name = actingName();
  const { alerts: urgent } = await call("GET", "/me");
  const notices = name ? [] : (await call("GET", "/me/notices")).items;
  return [
    h("h1", {}, name ? t("record_of", { name }) : t("hello", { name: nameOfPerson() })),
    ...alerts(urgent),
    notices.map(notice),
    h("p", {}, t("what_now")),
    h("nav", {}, (name ? OTHERS : OWN).map((place) => tile(`#/${place}`, t(`menu_${place}`), t(`menu_${place}_text`)))),
  ];
}

function notice(item) {
  return h("section", { class: "note", role: "status" }, h("h2", {}, `⚠ ${t("notice_emergency")}`), h("p", {}, item.text),
    facts([[t("notice_when"), item.at && moment(item.at)], [t("notice_who"), item.institution], [t("notice_why"), item.reason]]),
    h("a", { class: "button plain", href: "#/log" }, t("menu_log")));
}
