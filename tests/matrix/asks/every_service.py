"""What every service has: dead letters, rebuilding, help."""

from tests.matrix.asks.ask import Ask, Asks

_REASON = {"reason": "bad-envelope"}

EVERY_SERVICE: Asks = {
    "POST /{service}/api/v1/dead-letters/retry": lambda w, me: Ask(json=_REASON),
    "POST /{service}/api/v1/dead-letters/{id}/retry": lambda w, me: Ask(done=(409, 422)),  # it fails again
    "POST /{service}/api/v1/dead-letters/{id}/discard": lambda w, me: Ask(json={"reason": "a test"}),
    "POST /{service}/api/v1/dead-letters/{id}/reveal": lambda w, me: Ask(json={"reason": "a test"}),
    "POST /{service}/dead-letters/{id}/reveal": lambda w, me: Ask(form={"reason": "a test"}),
    "POST /{service}/dead-letters/retry": lambda w, me: Ask(form=_REASON),
    "POST /{service}/dead-letters/{id}/retry": lambda w, me: Ask(done=(303, 422)),
    "POST /{service}/dead-letters/{id}/discard": lambda w, me: Ask(form={"reason": "a test"}),
    # Only impact is a read model; its broker is not there.
    "POST /{service}/api/v1/rebuild": lambda w, me: Ask(json={}, done=(409, 503)),
    "GET /{service}/api/v1/rebuild": lambda w, me: Ask(done=(200, 409, 503)),
    "GET /{service}/health/ready": lambda w, me: Ask(done=(503,)),  # relay and consumer do not run here
    "GET /{service}/help/{name}": lambda w, me: Ask(at={"name": "my-plan"}, done=(200, 404)),
    "GET /{service}/help/pictures/{picture}": lambda w, me: Ask(
        at={"picture": "my-plan-goals.fr.png"}, done=(200, 404)
    ),
}
