"""Public figures of months, and exact ones of Liège."""

from tests.matrix.asks.ask import Ask, Asks

_MONTHS = {"from": "2026-01", "to": "2026-03"}
_DAYS = {"from": "2026-01-01", "to": "2026-03-31"}

IMPACT: Asks = {
    "GET /impact/api/v1/figures": lambda w, me: Ask(query=_MONTHS),
    "GET /impact/api/v1/figures.csv": lambda w, me: Ask(query=_MONTHS),
    "GET /impact/exact": lambda w, me: Ask(query={"centre": w.liege.centre}),
    "GET /impact/exact (of no centre)": lambda w, me: Ask(),
    "GET /impact/api/v1/figures/exact": lambda w, me: Ask(query=_DAYS | {"centre": w.liege.centre}),
    "GET /impact/api/v1/figures/exact.csv": lambda w, me: Ask(query=_DAYS | {"centre": w.liege.centre}),
    "POST /impact/api/v1/publications": lambda w, me: Ask(json={"since": "2025-01", "until": "2025-12"}),
}
