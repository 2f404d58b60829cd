"""Checks a visitor in over HTTP and prints the ticket. Needs Python 3.11 and nothing else.

CEFO_URL=https://cefo.example CEFO_TOKEN=… python check_in.py liege find-job [--test]
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid


def check_in(centre: str, area: str, *, test: bool) -> str:
    """The ticket. The id stays the same from try to try, so that one visitor is one visit."""
    url = f"{os.environ['CEFO_URL']}/intake/api/v1/visits/{uuid.uuid4()}?test={str(test).lower()}"
    headers = {"Authorization": f"Bearer {os.environ['CEFO_TOKEN']}", "Content-Type": "application/json"}
    body = json.dumps({"centre": centre, "area": area}).encode()
    request = urllib.request.Request(url, body, headers | {"Accept-Language": "fr"}, method="PUT")  # noqa: S310
    for pause in (1, 5, 30):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return str(json.load(answer)["ticket"])
        except urllib.error.HTTPError as refusal:
            if refusal.code < 500 and refusal.code != 429:  # the same request would be refused again
                sys.exit(json.load(refusal)["detail"])
            time.sleep(int(refusal.headers.get("Retry-After", pause)))
        except (OSError, http.client.HTTPException):  # no network
            time.sleep(pause)
    sys.exit("cefo ne répond pas.")


if __name__ == "__main__":
    print(check_in(sys.argv[1], sys.argv[2], test="--test" in sys.argv))
