// The API. The token lives in this module's memory alone: closing or reloading the page forgets it.

import { language } from "./words.js";

let session = null;
// The person for whom I act as carer or parent; the record says at each request whether I may.
let person = null;
const ended = new Set();

export class Problem extends Error {
  constructor(status, body) {
    super(body.title ?? "");
    this.status = status;
    this.detail = body.detail ?? "";
    this.errors = body.errors ?? [];
  }
}

export class Offline extends Error {}

export const signedIn = () => session !== null && Date.now() < session.until;
export const nameOfPerson = () => session?.name ?? "";
export const endsAt = () => session?.until ?? 0;
export const whenEnded = (action) => ended.add(action);

export async function signIn(username, password, code) {
  accept(await call("POST", "/session", { username, password, code }));
}

export async function renew() {
  accept(await call("POST", "/session/renewal"));
}

export async function signOut() {
  const token = session?.token;
  try {
    if (token) await call("DELETE", "/session");
  } catch {
    // Without a network the token ends by itself.
  } finally {
    forget();
  }
}

export function forget() {
  session = null;
  person = null;
}

export const actFor = (one) => { person = one; };
export const actingName = () => person?.name ?? "";
export const actingGuardian = () => Boolean(person?.guardian);

function accept(answer) {
  session = { token: answer.access_token, name: answer.name, until: Date.now() + answer.expires_in * 1000 };
}

export async function call(method, path, body, key) {
  const response = await send(method, path, body, key);
  return response.status === 204 ? null : response.json();
}

export async function download(path) {
  return (await send("GET", path)).blob();
}

export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");

async function send(method, path, body, key) {
  const headers = { "Accept-Language": language };
  if (session) headers.Authorization = `Bearer ${session.token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  // Always: what is not open to who acts for another is refused, and never done to one's own record instead.
  if (person && path.startsWith("/me")) headers["Acting-For"] = person.patient;
  let response;
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    response = await fetch(`/api/v1${path}`, { method, headers, body: sent, cache: "no-store", credentials: "omit" });
  } catch {
    throw new Offline();
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && session) {
    forget();
    ended.forEach((action) => action());
  }
  throw new Problem(response.status, problem);
}
