// Keeps the page's own files so that it opens without a network. What the API answers is never kept.
const EDITION = "bitgoeul-{{ edition }}";
const SHELL = [{% for address in addresses %}
  "{{ address }}",{% endfor %}
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(EDITION).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const others = caches.keys().then((names) => names.filter((name) => name !== EDITION));
  event.waitUntil(
    others.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const ours = event.request.method === "GET" && address.origin === self.location.origin;
  if (!ours || !SHELL.includes(address.pathname)) return;
  event.respondWith(caches.match(address.pathname, { cacheName: EDITION }).then((kept) => kept || fetch(event.request)));
});
