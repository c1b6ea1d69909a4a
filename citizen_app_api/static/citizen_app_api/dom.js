// Building the page: text is always text, never markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

export function button(text, action, kind = "primary") {
  return h("button", { type: "button", class: kind, onclick: action }, text);
}

export function tile(href, title, ...texts) {
  return h("a", { class: "tile", href }, h("strong", {}, title), texts.filter(Boolean).map((text) => h("span", {}, text)));
}

// What must be read at once, with the number in it to press.
export function alerts(texts) {
  return texts.map((text) => {
    const number = /\b(109|119|129)\b/.exec(text)?.[0];
    return h("section", { class: "alert", role: "alert" }, h("p", {}, `⚠ ${text}`),
      number && h("a", { class: "button urgent", href: `tel:${number}` }, `☎ ${number}`));
  });
}

// Label and text, line by line; what has no text is left out.
export function facts(pairs) {
  const known = pairs.filter(([, text]) => text !== null && text !== undefined && text !== "");
  if (!known.length) return null;
  return h("dl", {}, known.map(([label, text]) => h("div", {}, h("dt", {}, label), h("dd", {}, text))));
}
