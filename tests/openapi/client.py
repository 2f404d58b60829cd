"""Uses the client that openapi-python-client makes from intake's document; `test_clients.py` runs it."""

# pyright: basic, reportMissingImports=false

import json
import sys
from uuid import uuid4

from intake_client import AuthenticatedClient, Client
from intake_client.api.intake import put_visit
from intake_client.models import CheckedInOut, CheckIn, Problem

url, token = sys.argv[1:]
with AuthenticatedClient(base_url=url, token=token) as desk, Client(base_url=url) as nobody:
    done = put_visit.sync(uuid4(), client=desk, body=CheckIn(centre="liege", area="find-job"))
    refused = put_visit.sync(uuid4(), client=desk, body=CheckIn(centre="liege", area="gardening"))
    unknown = put_visit.sync(uuid4(), client=nobody, body=CheckIn(centre="liege"))
assert isinstance(done, CheckedInOut)
assert isinstance(refused, Problem)
assert isinstance(unknown, Problem)
[fault] = refused.errors
print(json.dumps([done.area, refused.status, refused.type_, fault.field, fault["known"], unknown.status]))
