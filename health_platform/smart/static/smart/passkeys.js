// Passkeys (WebAuthn): a form asks the browser for a credential and sends what it answers as JSON.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function asked(options) {
  const known = (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const user = options.user && { ...options.user, id: bytes(options.user.id) };
  return { ...options, challenge: bytes(options.challenge), ...(user ? { user, excludeCredentials: known } : {}) };
}

function answered(credential) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = parts.filter((name) => credential.response[name]).map((name) => [name, text(credential.response[name])]);
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type,
    clientExtensionResults: {}, response: Object.fromEntries(given) };
}

async function run(form) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token } });
  if (!answer.ok) throw new Error(String(answer.status));
  const publicKey = asked(await answer.json());
  const make = form.dataset.passkey === "create";
  const credential = await (make ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
  form.elements.credential.value = JSON.stringify(answered(credential));
  form.submit();
}

// A passkey belongs to a domain: at a bare address (127.0.0.1) there are none.
if (window.PublicKeyCredential && !/^[\d.]+$|^\[/.test(location.hostname)) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.closest("[data-passkey-section]")?.removeAttribute("hidden");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      run(form).catch(() => { failed.hidden = false; });
    });
  }
}
