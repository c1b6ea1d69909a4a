// fhir-kit-client does what an application would; what it saw goes to the standard output as JSON.
import { Client } from "fhir-kit-client";

const [baseUrl, token] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken: token });
const seen = {};

const statement = await client.capabilityStatement();
seen.version = statement.fhirVersion;

const patient = await client.create({
  resourceType: "Patient",
  body: { resourceType: "Patient", name: [{ family: "Kim", given: ["Sunja"] }], birthDate: "1947-05-05" },
});
const pulse = (value) => ({
  resourceType: "Observation",
  status: "final",
  code: { coding: [{ system: "http://loinc.org", code: "8867-4" }] },
  subject: { reference: `Patient/${patient.id}` },
  effectiveDateTime: "2026-05-01",
  valueQuantity: { value, system: "http://unitsofmeasure.org", code: "/min" },
});
for (const value of [60, 70, 80]) await client.create({ resourceType: "Observation", body: pulse(value) });

let bundle = await client.search({ resourceType: "Observation", searchParams: { patient: patient.id, _count: 2 } });
const found = [];
while (bundle) {
  found.push(...bundle.entry.map((entry) => entry.resource));
  const next = client.nextPage({ bundle });
  bundle = next ? await next : undefined;
}
seen.values = found.map((each) => each.valueQuantity.value).sort();

const id = found[0].id;
await client.update({ resourceType: "Observation", id, body: { ...found[0], status: "amended" } });
const patched = await client.patch({
  resourceType: "Observation",
  id,
  jsonPatch: [{ op: "replace", path: "/status", value: "corrected" }],
});
seen.patched = [patched.status, patched.meta.versionId];
seen.first = (await client.vread({ resourceType: "Observation", id, version: "1" })).status;
seen.history = (await client.history({ resourceType: "Observation", id })).entry.map((entry) => entry.request.method);
seen.ofType = (await client.typeHistory({ resourceType: "Observation" })).type;
seen.ofSystem = (await client.systemHistory()).type;

const conditional = await client.update({
  resourceType: "Observation",
  searchParams: { patient: patient.id, "value-quantity": "60" },
  body: { ...pulse(61) },
});
seen.conditional = conditional.valueQuantity.value;

const answer = await client.transaction({
  body: {
    resourceType: "Bundle",
    type: "transaction",
    entry: [
      { request: { method: "POST", url: "Observation" }, resource: pulse(90) },
      { request: { method: "GET", url: `Observation?patient=${patient.id}&_summary=count` } },
    ],
  },
});
seen.transaction = answer.entry.map((entry) => entry.response.status.slice(0, 3));
seen.total = answer.entry[1].resource.total;
const batch = await client.batch({
  body: { resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: "Patient/nobody" } }] },
});
seen.batch = batch.entry[0].response.status.slice(0, 3);

const everything = await client.operation({ name: "everything", resourceType: "Patient", id: patient.id, method: "GET" });
seen.everything = everything.entry.length;
const resolved = await client.resolve({ reference: found[0].subject.reference });
seen.resolved = resolved.name[0].family;

await client.delete({ resourceType: "Observation", id });
try {
  await client.read({ resourceType: "Observation", id });
} catch (error) {
  seen.gone = [error.response.status, error.response.data.resourceType];
}
console.log(JSON.stringify(seen));
