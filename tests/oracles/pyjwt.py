"""PyJWT's verdicts: a question as JSON on standard input, a list of verdicts on standard output."""

import datetime
import json
import sys

import jwt
from jwt.algorithms import get_default_algorithms

question = json.load(sys.stdin)


class Now(datetime.datetime):
    """The one instant at which everything is verified: PyJWT takes no time from outside."""

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(question["now_s"], tz)


jwt.api_jwt.datetime = Now
algorithms = get_default_algorithms()
keys = {alg: algorithms[alg].from_jwk(jwk) for alg, jwk in question["jwks"].items()}


def as_json(payload):
    """The payload as JSON text: null where it has numbers that JSON has not."""
    try:
        return json.dumps(payload, allow_nan=False)
    except ValueError:
        return "null"


def verdict(case):
    policy = question["policies"][case["policy"]]
    options = {"require": ["exp"], "verify_aud": "audience" in policy}
    try:
        payload = jwt.decode(
            case["token"],
            keys[case["alg"]],
            algorithms=[case["alg"]],
            options=options,
            issuer=policy.get("issuer"),
            audience=policy.get("audience"),
            leeway=policy.get("tolerance_s", 0),
        )
        return {"ok": True, "payload": as_json(payload)}
    except Exception as error:  # Whatever it raises, it has not accepted.
        return {"ok": False, "code": type(error).__name__}


json.dump([verdict(case) for case in question["cases"]], sys.stdout)
