// SPDX-License-Identifier: MIT
// client - AWS's SDK for JavaScript as a process: each line that comes in is
// a call, {"name", "input", "client": settings, "pages": true}, each that goes
// out what became of it. CLOCK_LATE_MS puts its clock back by so much.
import readline from "node:readline";
import * as sdk from "@aws-sdk/client-cognito-identity-provider";

const late = Number(process.env.CLOCK_LATE_MS ?? 0);
if (late) {
  const now = Date.now;
  Date.now = () => now() - late;
}
const clients = new Map();

// One for each settings, so that connections are kept.
function clientOf(settings) {
  const name = JSON.stringify(settings);
  if (!clients.has(name))
    clients.set(name, new sdk.CognitoIdentityProviderClient(settings));
  return clients.get(name);
}

async function readPages(client, call) {
  const pages = [];
  const paginate = sdk[`paginate${call.name}`];
  for await (const page of paginate({ client, ...call.pages }, call.input))
    pages.push(page);
  return pages;
}

// A Date tells that it was one; JSON alone would make it a text.
function show(key, value) {
  return this[key] instanceof Date ? { date: this[key].getTime() } : value;
}

function describe(error) {
  const { name, message, $fault: fault, $metadata: metadata } = error;
  const known = sdk[name];
  return {
    name, message, fault, metadata,
    ofItsClass: known !== undefined && error instanceof known,
    ofTheService: error instanceof sdk.CognitoIdentityProviderServiceException,
  };
}

async function run(call) {
  const client = clientOf(call.client);
  try {
    return call.pages
      ? { pages: await readPages(client, call) }
      : { output: await client.send(new sdk[`${call.name}Command`](call.input)) };
  } catch (error) {
    return { error: describe(error) };
  }
}

for await (const line of readline.createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await run(JSON.parse(line)), show));
