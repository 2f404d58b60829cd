"""Generates docs/architecture.svg and its table of topics from the contracts and the services' reactions.

Each topic is a line across the columns of the services, with a disc at the service that emits on it and a ring at each
service that consumes it. The last column is outside the platform: front desks' own software and partners.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from services.chassis.service.definition import Service
from services.chassis.web.routing import policy_of, routes_in
from services.contracts import TOPICS, Topic
from services.contracts.roles import Role

OUTSIDE = "outside"

_COLOURS = ("#1f6f8b", "#7a4b9e", "#2f7d4f", "#b3541e", "#53606b")
_OUTSIDE_COLOUR = "#7a6000"
_WIDTH, _LABELS, _COLUMN, _ROW = 1160, 276, 140, 30
_DOOR, _SERVICES, _RAILS = 122, 180, 290

_STYLE = """
text { font: 14px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1d2730; }
.strong { font-weight: 600; } .soft { font-size: 12px; fill: #53606b; }
.on { fill: #fff; } .middle { text-anchor: middle; }
.code { font: 13px ui-monospace, 'DejaVu Sans Mono', monospace; }
"""


@dataclass(frozen=True, slots=True)
class Rail:
    """A topic, and the columns that emit on it and consume it: services by name, or `OUTSIDE`."""

    topic: Topic
    emits: str
    consumes: frozenset[str]


def rails(services: Mapping[str, Service]) -> list[Rail]:
    """Every topic of the contracts, those of front desks first, then by the service that emits on them."""
    order = [OUTSIDE, *services]
    return sorted(
        (Rail(topic, _emitter(topic, services), frozenset(_consumers(topic, services))) for topic in TOPICS.values()),
        key=lambda rail: (order.index(rail.emits), rail.topic.name),
    )


def table(services: Mapping[str, Service]) -> str:
    """The picture's lines as a Markdown table, for readers who do not see the picture."""
    lines = ["| topic | emitted by | consumed by | keeps |", "|---|---|---|---|"]
    for rail in rails(services):
        days = f"{rail.topic.days} days" if rail.topic.days else "every event"
        keeps = "the last event of each key" if rail.topic.compacted else days
        emits, consumes = (_listed(names, services) for names in ({rail.emits}, rail.consumes))
        names = ", ".join(f"`{name}`" for name in rail.topic.names(["centre"])).replace("centre`", "CENTRE`")
        lines.append(f"| {names} | {emits} | {consumes} | {keeps} |")
    return "\n".join(lines) + "\n"


def picture(services: Mapping[str, Service]) -> str:
    """The picture as an SVG document."""
    lines = rails(services)
    columns = dict(zip([*services, OUTSIDE], [*_COLOURS, _OUTSIDE_COLOUR], strict=True))
    centre = {name: _LABELS + _COLUMN * number + _COLUMN // 2 for number, name in enumerate(columns)}
    stores = _RAILS + _ROW * len(lines) + 6
    height = stores + 170
    drawn = [
        *_people(services, centre),
        *_columns(columns, centre, stores),
        *_services(services, columns, centre),
        *(part for row, rail in enumerate(lines) for part in _rail(rail, _RAILS + _ROW * row, columns, centre)),
        *_stores(services, columns, centre, stores),
        *_legend(height - 34),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d">\n'
        '<title id="t">Services, topics and stores of cefo</title>\n'
        '<desc id="d">The table of topics in architecture.md says the same in words.</desc>\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect width="{_WIDTH}" height="{height}" rx="12" fill="#fff"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _people(services: Mapping[str, Service], centre: Mapping[str, int]) -> Iterator[str]:
    yield _text(24, 40, "People and machines", "strong")
    yield _text(24, 60, "who each service admits", "soft")
    for name, service in services.items():
        admitted = _admitted(service)
        first = _DOOR - 16 - 17 * (len(admitted) - 1)
        for number, who in enumerate(admitted):
            yield _text(centre[name], first + 17 * number, who, "soft middle")
    left, right = _LABELS + 6, _LABELS + _COLUMN * len(services) - 6
    yield f'<rect x="{left}" y="{_DOOR}" width="{right - left}" height="30" rx="15" fill="#e8edf1"/>'
    yield _text((left + right) // 2, _DOOR + 20, "one origin: pages · JSON API · live streams", "middle")
    yield _text(24, _DOOR + 20, "Door", "strong")


def _columns(columns: Mapping[str, str], centre: Mapping[str, int], bottom: int) -> Iterator[str]:
    for name, colour in columns.items():
        top, end = (_SERVICES, bottom - 16) if name == OUTSIDE else (_DOOR + 30, bottom)
        yield f'<path d="M{centre[name]} {top}V{end}" stroke="{colour}" stroke-width="1.5" opacity=".35"/>'


def _services(services: Mapping[str, Service], columns: Mapping[str, str], centre: Mapping[str, int]) -> Iterator[str]:
    yield _text(24, _SERVICES + 24, "Services", "strong")
    yield _text(24, _SERVICES + 44, "a process and a consumer group each", "soft")
    for name, service in services.items():
        yield _box(centre[name], _SERVICES, columns[name])
        yield _text(centre[name], _SERVICES + 26, name, "strong on middle")
        for number, line in enumerate(_wrapped(service.nav.title, 18)):
            yield f'<g opacity=".9">{_text(centre[name], _SERVICES + 44 + 14 * number, line, "soft on middle")}</g>'
    yield _box(centre[OUTSIDE], _SERVICES, "#fff", line=_OUTSIDE_COLOUR)
    for number, line in enumerate(("front desks' own", "software; Cités,", "the region")):
        yield _text(centre[OUTSIDE], _SERVICES + 22 + 16 * number, line, "soft middle")
    yield _text(24, _RAILS - 16, "Topics (Kafka)", "strong")


def _rail(rail: Rail, y: int, columns: Mapping[str, str], centre: Mapping[str, int]) -> Iterator[str]:
    ends = [centre[name] for name in {rail.emits} | rail.consumes]
    yield _text(24, y + 14, rail.topic.name, "code")
    remark = "per centre" if rail.topic.per_centre else "compacted" if rail.topic.compacted else ""
    yield _text(222, y + 14, remark, "soft")
    yield f'<path d="M{min(ends)} {y + 10}H{max(ends)}" stroke="{columns[rail.emits]}" stroke-width="2.5"/>'
    for name in columns:
        if name == rail.emits:
            yield f'<circle cx="{centre[name]}" cy="{y + 10}" r="8" fill="{columns[name]}"/>'
        elif name in rail.consumes:
            ring = f'r="6.5" fill="#fff" stroke="{columns[rail.emits]}" stroke-width="3"'
            yield f'<circle cx="{centre[name]}" cy="{y + 10}" {ring}/>'


def _stores(
    services: Mapping[str, Service], columns: Mapping[str, str], centre: Mapping[str, int], y: int
) -> Iterator[str]:
    yield _text(24, y + 26, "Stores", "strong")
    yield _text(24, y + 44, "PostgreSQL; SQLite when embedded", "soft")
    for name in services:
        x = centre[name] - 64
        side = f"M{x} {y + 9}v36a64 9 0 0 0 128 0v-36"
        yield f'<path d="{side}" fill="#fff" stroke="{columns[name]}" stroke-width="1.5"/>'
        top = f'cx="{centre[name]}" cy="{y + 9}" rx="64" ry="9" fill="#fff" stroke="{columns[name]}"'
        yield f'<ellipse {top} stroke-width="1.5"/>'
        yield _text(centre[name], y + 38, f"cefo_{name}", "code middle")
    left, right = _LABELS + 6, _LABELS + _COLUMN * len(services) - 6
    yield f'<rect x="{left}" y="{y + 72}" width="{right - left}" height="30" rx="6" fill="#f6e9e7"/>'
    yield _text((left + right) // 2, y + 92, "live boards, hints between replicas: only what may be lost", "middle")
    yield _text(24, y + 92, "Redis", "strong")


def _legend(y: int) -> Iterator[str]:
    grey = "#53606b"
    yield f'<circle cx="32" cy="{y}" r="8" fill="{grey}"/>' + _text(46, y + 5, "emits", "soft")
    ring = f'<circle cx="106" cy="{y}" r="6.5" fill="#fff" stroke="{grey}" stroke-width="3"/>'
    yield ring + _text(119, y + 5, "consumes", "soft")
    yield _text(196, y + 5, "compacted: keeps the last event of each key", "soft")
    yield _text(196, y + 23, "per centre: there is one more for each centre", "soft")
    yield _text(
        480, y + 5, "Each topic has a second one, .dead-letters, for events that could not be processed.", "soft"
    )


def _box(x: int, y: int, fill: str, line: str = "none") -> str:
    return f'<rect x="{x - 64}" y="{y}" width="128" height="68" rx="10" fill="{fill}" stroke="{line}"/>'


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(text)}</text>'


def _wrapped(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        lines = [*lines[:-1], f"{lines[-1]} {word}".strip()] if len(lines[-1]) + len(word) < most else [*lines, word]
    return lines


def _admitted(service: Service) -> list[str]:
    """The roles that some route of the service admits, and `anyone` if a route admits anyone."""
    policies = [policy_of(route) for router in service.routers for route in routes_in(router.routes)]
    roles = {role for policy in policies for role in policy.roles or ()}
    anyone = ["anyone"] if any(policy.roles is None for policy in policies) else []
    return anyone + [role.value for role in Role if role in roles]


def _consumers(topic: Topic, services: Mapping[str, Service]) -> Iterator[str]:
    yield from (service.name for service in services.values() if topic in service.consumed)
    if topic.for_partners:
        yield OUTSIDE


def _emitter(topic: Topic, services: Mapping[str, Service]) -> str:
    return topic.owner if topic.owner in services else OUTSIDE


def _listed(names: Iterable[str], services: Mapping[str, Service]) -> str:
    known = {OUTSIDE: "*outside the platform*"}
    return ", ".join(known.get(name, name) for name in [*services, OUTSIDE] if name in names) or "–"
