// What `npm start` prints when the Worker answers: its address, and a token's life in three commands.

/** Commands hold the names of the secrets, never the secrets: terminals and their logs are shared. */
export function curls(url) {
  const basic = `-u "$DEMO_CLIENT_ID:$DEMO_CLIENT_SECRET"`;
  // The body, then the status on a line of its own.
  const curl = `curl -sS -w '\\n%{http_code}\\n'`;
  const authorize = `${curl} -H "Authorization: Bearer $TOKEN" ${url}/v1/authorize`;
  const mint =
    `curl -sS ${basic} -H 'Content-Type: application/json' -d '{"sub":"user_001","scope":"read"}' ${url}/v1/tokens` +
    ` | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p'`;
  return [
    { what: "mint a token and use it", status: 200, command: `. ./.dev.vars; TOKEN=$(${mint}); ${authorize}` },
    { what: "revoke it", status: 200, command: `${curl} ${basic} -d "token=$TOKEN" ${url}/oauth/revoke` },
    { what: "use it again", status: 401, command: authorize },
  ];
}

/** How to try an outage, and to see in the counters what the Worker makes of it. */
function outage(url, { port, pid, data, restart }) {
  const metrics = `. ./.dev.vars; curl -sS -u "$DEMO_CLIENT_ID:$DEMO_CLIENT_SECRET" ${url}/metrics | grep -E 'store|fallback|breaker|journal'`;
  return `
Its store is Redis: redis-server on 127.0.0.1:${port}, process ${pid}, data in ${data}. To try an outage:

# end Redis; then use the commands above
kill -9 ${pid}

# start it again, on the same port with the same data
${restart}

# what the Worker counted
${metrics}
`;
}

/** `store`, where it is Redis: { port, pid, data, restart }. */
export function banner(url, store) {
  const steps = curls(url).map(({ what, status, command }, i) => `# ${i + 1}. ${what}: prints ${status}\n${command}`);
  return `
Portcullis is listening on ${url} (Ctrl-C stops it)

In another terminal, in this folder, one after the other:

${steps.join("\n\n")}
${store ? outage(url, store) : ""}`;
}
