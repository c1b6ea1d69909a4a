// Signs a client assertion (RFC 7523) in the browser: the private key is read from a file and never sent.
"use strict";

const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const json = (value) => encode(new TextEncoder().encode(JSON.stringify(value)));
const KINDS = {
  EC: { alg: "ES384", algorithm: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" } },
  RSA: { alg: "RS384", algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" } },
};

async function assertion(jwk, client, endpoint) {
  const kind = KINDS[jwk.kty];
  const { key_ops: _operations, use: _use, alg: _alg, ...plain } = jwk;
  const key = await crypto.subtle.importKey("jwk", plain, kind.algorithm, false, ["sign"]);
  const claims = { iss: client, sub: client, aud: endpoint, exp: Math.floor(Date.now() / 1000) + 240, jti: crypto.randomUUID() };
  const signed = `${json({ alg: kind.alg, kid: jwk.kid, typ: "JWT" })}.${json(claims)}`;
  return `${signed}.${encode(await crypto.subtle.sign(kind.algorithm, key, new TextEncoder().encode(signed)))}`;
}

if (window.crypto?.subtle) {
  const form = document.getElementById("try");
  const file = document.getElementById("id_key");
  const problem = document.getElementById("key-problem");
  document.getElementById("with-key").hidden = false;
  file.addEventListener("change", async () => {
    problem.hidden = true;
    try {
      const found = JSON.parse(await file.files[0].text());
      const jwk = found.keys ? found.keys[0] : found;
      if (!jwk.kid) throw new Error("kid");
      form.elements.assertion.value = await assertion(jwk, form.dataset.client, form.dataset.endpoint);
      form.querySelector("button").focus();
    } catch {
      problem.hidden = false;
    } finally {
      file.value = "";
    }
  });
}
