// The page's texts, and dates as people say them.

let words = {};
export let language = "ko";

export async function speak(wanted) {
  const answer = await fetch(`/app/words.${wanted}.json`);
  words = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted;
  keep("language", wanted);
}

export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

// "2026-11-21" -> 2026년 11월 21일; "2026-11" and "2026" stay as vague as they are.
export function day(text) {
  if (!text) return t("date_unknown");
  const [year, month, date] = text.split("-").map(Number);
  if (date) return t("day", { year, month, day: date });
  return month ? t("month", { year, month }) : t("year", { year });
}

// A moment in the city's time, wherever the phone is.
export function moment(text) {
  const options = { timeZone: "Asia/Seoul", hourCycle: "h23", hour: "2-digit", minute: "2-digit",
    year: "numeric", month: "2-digit", day: "2-digit" };
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", options).formatToParts(new Date(text)).map((part) => [part.type, part.value]),
  );
  const on = day(`${parts.year}-${parts.month}-${parts.day}`);
  return t("at_time", { day: on, hour: parts.hour, minute: parts.minute });
}

export function dayAgo(days) {
  const options = { timeZone: "Asia/Seoul", year: "numeric", month: "2-digit", day: "2-digit" };
  return new Intl.DateTimeFormat("en-CA", options).format(new Date(Date.now() - days * 86400000));
}

// Settings of this device: language and letter size, nothing about a person.
export function kept(name) {
  try {
    return localStorage.getItem(`bitgoeul-${name}`);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`bitgoeul-${name}`, value);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}
