// Limits in this process's memory. A key crosses as text in a room of WebAssembly memory, and a decision as
// numbers beside it: nothing is allocated on the way.

const CODES = { policy: "ERR_LIMIT_POLICY_UNKNOWN", key: "ERR_LIMIT_KEY_INVALID" };

const refused = (code, message) => Object.assign(new Error(message), { code });

/** The class Limiter over `Bound`, of `memory`, by `openRoom` as in token-verifier.mjs. */
export function limiter(Bound, memory, openRoom) {
  /** Counts keys by policies, all of them in this process. */
  return class Limiter {
    #bound;
    #room;
    #answerAt;
    #answer;
    #policies;

    /**
     * `policies`: a list of { name, algorithm, limit, windowMs, burst? }. algorithm: "fixed-window",
     * "sliding-window", "sliding-log", "token-bucket" or "gcra". Throws an Error with code ERR_CONFIG_INVALID.
     */
    constructor(policies) {
      this.#bound = new Bound({ policies }, crypto.getRandomValues(new Uint8Array(16)));
      this.#room = openRoom(memory, this.#bound.roomAt(), this.#bound.roomBytes());
      this.#answerAt = this.#bound.answerAt();
      this.#policies = new Map(policies.map(({ name, limit }, number) => [name, { number, limit }]));
    }

    /**
     * Takes `cost` (1) from a key of a policy at `nowMs` (now), if it fits: { allowed, limit, remaining, resetMs,
     * retryAfterMs }, times in milliseconds from then, retryAfterMs null unless it is denied. Throws an Error with
     * code ERR_LIMIT_POLICY_UNKNOWN, ERR_LIMIT_KEY_INVALID, ERR_LIMIT_COST_INVALID or ERR_TIME_INVALID.
     */
    take(policy, key, cost = 1, nowMs = Date.now()) {
      const { number, limit } = this.#named(policy);
      return this.#decided(this.#bound.take(number, this.#write(key), cost, nowMs), limit);
    }

    /** As take(), taking nothing. */
    peek(policy, key, cost = 1, nowMs = Date.now()) {
      const { number, limit } = this.#named(policy);
      return this.#decided(this.#bound.peek(number, this.#write(key), cost, nowMs), limit);
    }

    /** Forgets the count of exactly that key. */
    reset(policy, key) {
      if (!this.#bound.reset(this.#named(policy).number, this.#write(key))) throw this.#bound.takeRefusal();
    }

    #named(policy) {
      const named = this.#policies.get(policy);
      if (named === undefined) throw refused(CODES.policy, "there is no such policy");
      return named;
    }

    /** How many bytes were written: more than a key may have of one that is too long. */
    #write(key) {
      if (typeof key !== "string") throw refused(CODES.key, "a key is text");
      const bytes = this.#room.write(key);
      // Half a character would be written as any other half.
      if (bytes !== key.length && !key.isWellFormed()) throw refused(CODES.key, "a key is well-formed text");
      return bytes;
    }

    #decided(outcome, limit) {
      if (outcome === 0) throw this.#bound.takeRefusal();
      // A memory that has grown leaves what looked at it empty.
      if (this.#answer === undefined || this.#answer.length === 0) {
        this.#answer = new Float64Array(memory.buffer, this.#answerAt, 3);
      }
      const answer = this.#answer;
      const wait = answer[2];
      return { allowed: outcome === 1, limit, remaining: answer[0], resetMs: answer[1], retryAfterMs: wait < 0 ? null : wait };
    }
  };
}
