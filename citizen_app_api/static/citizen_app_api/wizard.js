// A form in small steps: one question on each.

import { button, h } from "./dom.js";
import { t } from "./words.js";

const KINDS = ["visits", "diagnoses", "prescriptions", "measurements", "immunisations", "allergies", "procedures",
  "documents", "images", "risks", "plans"];
const CLASSES = ["psychiatry", "hiv", "reproductive"];

// Each step gives its question and its fields, or nothing where it does not apply. The last one sends.
export function wizard(title, steps, send) {
  const frame = h("div");
  const trouble = h("p", { class: "alert", role: "alert", hidden: true });
  let place = 0;

  function draw(direction = 1) {
    let content = steps[place]();
    while (content === null) {
      place += direction;
      content = steps[place]();
    }
    const [question, ...fields] = content;
    const last = place === steps.length - 1;
    trouble.hidden = true;
    frame.replaceChildren(h("h1", { tabindex: -1 }, question), h("p", { class: "small" }, title),
      ...fields.flat(Infinity).filter(Boolean), trouble, button(last ? t("yes_save") : t("next_step"), forward),
      ...(place ? [button(t("step_back"), () => { place -= 1; draw(-1); }, "plain")] : []));
    frame.querySelector("h1").focus();
  }

  async function forward(event) {
    if (unanswered(frame)) return complain(t("choose_one"));
    if (place < steps.length - 1) {
      place += 1;
      return draw();
    }
    const pressed = event.currentTarget;
    pressed.disabled = true;
    try {
      await send();
    } catch (error) {
      complain(error.errors?.[0]?.message || error.detail || error.message || t("offline"));
      pressed.disabled = false;
    }
  }

  function complain(text) {
    trouble.textContent = `⚠ ${text}`;
    trouble.hidden = false;
  }
  draw();
  return [frame];
}

// A question is open while nothing is chosen in a group, or in a search that needs a choice.
function unanswered(frame) {
  const groups = [...frame.querySelectorAll("fieldset[data-one]")];
  const needs = frame.querySelector("[data-needs]");
  return groups.some((group) => !group.querySelector("input:checked")) || (needs && !needs.querySelector("input:checked"));
}

export function radios(name, options, chosen, action) {
  return h("fieldset", { "data-one": true }, h("legend", { class: "unseen" }, t("choose_one")), options.map(([value, text]) =>
    h("label", { class: "check" }, h("input", { type: "radio", name, value, checked: value === chosen,
      onchange: () => action(value) }), text)));
}

export function checks(name, options, chosen, action) {
  const all = new Set(chosen);
  return h("fieldset", {}, h("legend", { class: "unseen" }, t("choose_several")), options.map(([value, text]) =>
    h("label", { class: "check" }, h("input", { type: "checkbox", name, value, checked: all.has(value),
      onchange: (event) => {
        if (event.target.checked) all.add(value);
        else all.delete(value);
        action([...all]);
      } }), text)));
}

// What, which sensitive classes (asked where `classes` says so), and until when.
export function scopeSteps(state, classes) {
  let some = state.kinds.length > 0;
  return [
    () => [t("what"), radios("some", [["", t("all_kinds")], ["some", t("some_kinds")]], some ? "some" : "", (value) => {
      some = value === "some";
      if (!some) state.kinds = [];
    })],
    () => (some ? [t("which_kinds"), checks("kinds", KINDS.map((one) => [one, t(`share_${one}`)]), state.kinds,
      (chosen) => { state.kinds = chosen; })] : null),
    () => (classes() ? [t("sensitive_question"), h("p", {}, t("sensitive_text")), checks("classes",
      CLASSES.map((one) => [one, t(`class_${one}`)]), state.classes, (chosen) => { state.classes = chosen; })] : null),
    () => [t("how_long_holds"), until(state)],
  ];
}

function until(state) {
  const field = h("input", { id: "until", type: "date", value: state.end ?? "",
    onchange: () => { state.end = field.value || null; } });
  return [h("p", {}, t("until_text")), h("label", { for: "until" }, t("last_day")), field];
}
