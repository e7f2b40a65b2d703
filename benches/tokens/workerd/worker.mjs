// The Worker that is timed from outside: its own clock stands still within a request. It verifies as many
// tokens as it is asked to, each time going on where it stopped.
//
//   GET  /                          who there is: [{ name, returns }]
//   GET  /?who=NAME&calls=COUNT     verifies so many
//   POST /?who=NAME                 verifies the body: 200 with what came back, or 401

import { verifiers } from "./verifiers.mjs";

let contestants;

export default {
  async fetch(request, env) {
    // Not at global scope: a key cannot be imported there.
    contestants ??= await entered(env.CASE);
    const query = new URL(request.url).searchParams;
    const contestant = contestants.get(query.get("who"));
    if (!contestant) return Response.json([...contestants.values()].map(({ name, returns }) => ({ name, returns })));
    if (request.method === "POST") return answer(contestant, await request.text());
    await verifyMany(contestant, Number(query.get("calls")));
    return new Response(null, { status: 204 });
  },
};

async function entered({ jwk, tokens }) {
  const list = await verifiers(jwk);
  return new Map(list.map((entry) => [entry.name, { ...entry, run: entry.run ?? entry.verify, inputs: tokens.map(entry.prepare ?? String), next: 0 }]));
}

async function answer({ verify }, token) {
  try {
    return Response.json((await verify(token)) ?? null);
  } catch (error) {
    return new Response(error.message, { status: 401 });
  }
}

async function verifyMany(contestant, calls) {
  const { run, isAsync, inputs } = contestant;
  for (let call = 0; call < calls; call++) {
    const input = inputs[contestant.next++ % inputs.length];
    if (isAsync) await run(input);
    else run(input);
  }
}
