"""The twelve centres and the four areas, with invented proportions between them."""

from dataclasses import dataclass

ZONE = "Europe/Brussels"


@dataclass(frozen=True, slots=True)
class Centre:
    """One centre. The names are real; the shares (of 100, per network) and the staff are invented."""

    code: str
    visits: int
    """Share of the network's visits and information interviews."""
    guidance: int
    """Share of the network's guidance interviews."""
    counsellors: int
    """Counsellors at the season's start; more are hired when the wait is too long."""


CENTRES = (
    # Cités des métiers
    Centre("liege", visits=20, guidance=17, counsellors=15),
    Centre("charleroi", visits=16, guidance=13, counsellors=12),
    Centre("namur", visits=14, guidance=15, counsellors=11),
    # Carrefours des métiers
    Centre("arlon", visits=4, guidance=4, counsellors=5),
    Centre("huy", visits=4, guidance=5, counsellors=5),
    Centre("la-louviere", visits=7, guidance=6, counsellors=6),
    Centre("marche-en-famenne", visits=3, guidance=4, counsellors=4),
    Centre("mons", visits=8, guidance=9, counsellors=7),
    Centre("mouscron", visits=5, guidance=4, counsellors=5),
    Centre("nivelles", visits=6, guidance=8, counsellors=6),
    Centre("tournai", visits=6, guidance=7, counsellors=6),
    Centre("verviers", visits=7, guidance=8, counsellors=6),
)

CHOOSE_PATH = "choose-path"
SELECT_TRAINING = "select-training"
FIND_JOB = "find-job"
CREATE_BUSINESS = "create-business"

VISIT_AREAS = {CHOOSE_PATH: 22, SELECT_TRAINING: 34, FIND_JOB: 36, CREATE_BUSINESS: 8}
"""What visitors come for; invented weights."""

PATH_AREAS = {CHOOSE_PATH: 74, SELECT_TRAINING: 14, FIND_JOB: 7, CREATE_BUSINESS: 5}
"""What an individual guidance path is about; invented weights."""

WORKSHOP_TITLES = (
    ("Construire son projet", CHOOSE_PATH),
    ("Faire le point sur ses compétences", CHOOSE_PATH),
    ("Changer de voie", CHOOSE_PATH),
    ("Choisir sa formation", SELECT_TRAINING),
    ("Cibler sa recherche d’emploi", FIND_JOB),
    ("De l’idée à l’activité", CREATE_BUSINESS),
)
"""Invented workshop titles, each with its area."""
