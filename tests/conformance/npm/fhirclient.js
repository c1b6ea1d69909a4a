// fhirclient (the SMART JavaScript client) with a token that it has; what it saw goes to the standard output as JSON.
import smart from "fhirclient";

const [serverUrl, token] = process.argv.slice(2);
const request = { headers: {}, url: "/", protocol: "http" };
const client = smart(request, {}, {}).client({ serverUrl, tokenResponse: { access_token: token } });
const seen = {};

const patient = await client.create({ resourceType: "Patient", name: [{ family: "Park", given: ["Malsun"] }] });
for (const value of [60, 70, 80]) {
  await client.create({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: "http://loinc.org", code: "8867-4" }] },
    subject: { reference: `Patient/${patient.id}` },
    valueQuantity: { value, system: "http://unitsofmeasure.org", code: "/min" },
  });
}
const found = await client.request(`Observation?patient=${patient.id}&_count=2`, {
  pageLimit: 0,
  flat: true,
  resolveReferences: ["subject"],
});
seen.values = found.map((each) => each.valueQuantity.value).sort();
seen.family = found[0].subject.name?.[0].family;
const updated = await client.update({ ...patient, gender: "female" });
seen.updated = [updated.gender, updated.meta.versionId];
const patched = await client.patch(`Patient/${patient.id}`, [{ op: "add", path: "/birthDate", value: "1946-01-01" }]);
seen.patched = patched.birthDate;
const units = client.byCode(found.map(({ subject, ...rest }) => rest), "code");
seen.byCode = units["8867-4"].length;
await client.delete(`Observation/${found[0].id}`);
try {
  await client.request(`Observation/${found[0].id}`);
} catch (error) {
  seen.gone = error.status ?? error.statusCode;
}
console.log(JSON.stringify(seen));
