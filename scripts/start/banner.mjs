// What `npm start` prints when the Worker answers: its address, and a token's life in three commands.

const BASIC = `-u "$DEMO_CLIENT_ID:$DEMO_CLIENT_SECRET"`;
const BEARER = `-H "Authorization: Bearer $TOKEN"`;
// What tells of an outage, without the lines that explain each counter.
const COUNTERS = "^portcullis_(store|outage|fallback|breaker|journal|revocations|takes)";

/** Sets TOKEN. Commands hold the names of the secrets, never the secrets: terminals and their logs are shared. */
function minted(url) {
  const mint =
    `curl -sS ${BASIC} -H 'Content-Type: application/json' -d '{"sub":"user_001","scope":"read"}' ${url}/v1/tokens` +
    ` | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p'`;
  return `. ./.dev.vars; TOKEN=$(${mint})`;
}

export function curls(url) {
  // The body, then the status on a line of its own.
  const curl = `curl -sS -w '\\n%{http_code}\\n'`;
  const authorize = `${curl} ${BEARER} '${url}/v1/authorize?claims'`;
  return [
    { what: "mint a token and use it", status: 200, command: `${minted(url)}; ${authorize}` },
    { what: "revoke it", status: 200, command: `${curl} ${BASIC} -d "token=$TOKEN" ${url}/oauth/revoke` },
    { what: "use it again", status: 401, command: authorize },
  ];
}

/** How to try an outage, and to see in answers and counters what the Worker makes of it. */
function outage(url, { pid, restart }) {
  return `
To try an outage of Redis:

# end Redis
kill -9 ${pid}

# look: a token is accepted, and Portcullis-Degraded says that the store was not asked
${minted(url)}; curl -sS -i -w '\\n' ${BEARER} ${url}/v1/authorize
curl -sS -w '\\n' ${url}/readyz

# start it again, on the same port with the same data
${restart}

# look again: the first answer may still be without it, and finds that it is back; a second later all are exact
${minted(url)}; curl -sS -o /dev/null ${BEARER} ${url}/v1/authorize; sleep 1; curl -sS -i -w '\\n' ${BEARER} ${url}/v1/authorize

# what the Worker counted
. ./.dev.vars; curl -sS ${BASIC} ${url}/metrics | grep -E '${COUNTERS}'
`;
}

function nameOf(store) {
  if (store.durableObject) return "embedded, a Durable Object in .portcullis";
  if (store.durableObject === false) return "Workers KV in .portcullis, and the Worker's memory";
  if (store.host) return `the Redis of .dev.vars (PORTCULLIS_STORE_URL), at ${store.host}`;
  return `redis-server on 127.0.0.1:${store.port}, process ${store.pid}, data in ${store.data}`;
}

/**
 * `store`: { durableObject }, whether that is it; { host } of a Redis that .dev.vars names; or, of a redis-server of our own,
 * { port, pid, data, restart }.
 */
export function banner(url, store) {
  const steps = curls(url).map(({ what, status, command }, i) => `# ${i + 1}. ${what}: prints ${status}\n${command}`);
  return `
Portcullis is listening on ${url} (Ctrl-C stops it)
Its store: ${nameOf(store)}

In another terminal, in this folder, one after the other:

${steps.join("\n\n")}
${store.pid ? outage(url, store) : ""}`;
}
