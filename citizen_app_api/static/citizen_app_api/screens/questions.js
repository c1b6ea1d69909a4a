import { call, newKey } from "../api.js";
import { facts, h } from "../dom.js";
import { moment, t } from "../words.js";

export async function screen() {
  const { items } = await call("GET", "/me/questions");
  return [
    h("h1", {}, t("menu_questions")),
    h("a", { class: "button primary", href: "#/ask" }, t("new_question")),
    h("h2", {}, t("my_questions")),
    items.length ? items.map(question) : h("p", {}, t("no_questions")),
  ];
}

function question(item) {
  return h("article", { class: "card" }, h("p", { class: "quote" }, item.text),
    item.answers.map((answer) => h("p", { class: "answer" }, h("strong", {}, `${t("answer")}: `), answer)),
    facts([[t("state"), item.status_text]]), item.sent && h("p", { class: "small" }, moment(item.sent)));
}

// #/ask, or #/ask/RiskAssessment/<id>: a question about a result.
export function ask(about, { go }) {
  const key = newKey();
  const trouble = h("p", { class: "alert", role: "alert", hidden: true });
  const field = h("textarea", { id: "text", rows: 6, maxlength: 2000, required: true });
  const submit = h("button", { class: "primary" }, t("send"));
  const form = h("form", { novalidate: true, onsubmit: send }, h("label", { for: "text" }, t("your_question")), field,
    trouble, submit);
  const frame = [h("h1", {}, t("ask_title")), h("p", {}, t("ask_text")), h("p", { class: "mark" }, `⚠ ${t("ask_emergency")}`),
    form];

  async function send(event) {
    event.preventDefault();
    if (!field.value.trim()) return complain(t("fill_in"));
    submit.disabled = true;
    try {
      await call("POST", "/me/questions", { text: field.value, about: about.length === 2 ? about.join("/") : null }, key);
      form.parentElement.replaceChildren(h("h1", { tabindex: -1 }, t("sent_title")), h("p", {}, t("sent_text")),
        h("a", { class: "button primary", href: "#/" }, t("home")));
      document.querySelector("h1").focus();
    } catch (error) {
      complain(error.errors?.[0]?.message || error.message || t("offline"));
      submit.disabled = false;
    }
  }

  function complain(text) {
    trouble.textContent = `⚠ ${text}`;
    trouble.hidden = false;
    field.focus();
  }
  return frame;
}
