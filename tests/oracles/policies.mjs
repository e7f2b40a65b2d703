// When the tokens are verified, and what is asked of them.

export const NOW_S = 1_800_000_000;

/** What the verifiers ask for, beyond the signature and `exp`. */
export const POLICIES = [
  {},
  { issuer: "https://issuer.example", audience: ["a", "b"] },
  { issuer: "https://issuer.example", audience: ["a", "b"], tolerance_s: 5 },
  { typ: "at+jwt" },
];
