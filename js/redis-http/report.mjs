// What an operator should know of the connection: that it came, went, or cannot be made.

/**
 * Says when Redis comes and goes; a cause that stays the same is said once, not at every attempt.
 * causeIn: of an error of the connection.
 */
export function report(redis, onEvent, causeIn = causeOf) {
  let last;
  const say = (event, cause) => {
    if (last === `${event} ${cause}`) return;
    last = `${event} ${cause}`;
    onEvent(cause ? { event, cause } : { event });
  };
  let wasReady = false;
  redis.on("ready", () => {
    wasReady = true;
    say("redis_ready");
  });
  redis.on("close", () => {
    if (wasReady) say("redis_lost");
    wasReady = false;
  });
  redis.on("error", (error) => say("redis_unreachable", causeIn(error)));
}

/** A code or a fixed word, never a text that may quote a password. */
export function causeOf({ code, name, message }) {
  if (/timed out|timeout/i.test(message)) return "ETIMEDOUT";
  // Of a reply only its first word, the kind.
  return code ?? /^[A-Z]{2,}\b/.exec(message)?.[0] ?? name;
}
