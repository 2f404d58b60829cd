"""Demonstration addresses of the twelve centres. Only the towns are real; the rest is marked as demonstration.

No phone number is assigned, no e-mail address delivers.
"""

from services.directory.actions.centre_contacts import CentreContact
from services.directory.demo import POSTAL_CODES
from services.directory.domain.centres import CENTRES, KnownCentre


def demo_contacts() -> dict[str, CentreContact]:
    """Each centre's demonstration address, by its code."""
    return {one.code: _contact(one, number) for number, one in enumerate(CENTRES, 1)}


def _contact(centre: KnownCentre, number: int) -> CentreContact:
    return CentreContact.model_construct(
        address=f"Place de la Démonstration {number} (démo)",
        postal_code=POSTAL_CODES[centre.town],
        phone=f"+32 00 00 01 {number:02d}",
        email=f"{centre.code}@demo.cefo.example",
        website=f"https://{centre.code}.demo.cefo.example/",
        transportation="À dix minutes à pied de la gare. Un bus s’arrête devant la porte (démo).",
        accessibility="Entrée sans marche. Ascenseur. Boucle magnétique à l’accueil (démo).",
    )
