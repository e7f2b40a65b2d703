// A request that gets an error for an answer.

/** An error with the HTTP status it is answered with. Its message starts with Redis's word for the kind, as in ERR. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }
}

/** @param {number} status @param {string} message */
export const refusal = (status, message) => new Refusal(status, message);
