"""Whom a counsellor takes next by needs and languages. Nobody is passed over by all counsellors of a centre."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Advice:
    """In which areas and languages a counsellor takes people; empty: in all."""

    areas: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person needs: areas, empty if they stated none, and the language of an interpreter, if any."""

    areas: frozenset[str] = frozenset()
    language: str | None = None


def taken_by(chosen: Advice, team: Sequence[Advice]) -> Callable[[Wanted], bool]:
    """Whether a person is taken by who chose this. `team`: in what each counsellor of the centre advises.

    One area of several is enough. A need in which nobody advises is everybody's, and so is a language that nobody
    speaks; whom nobody would take all the same, as those who advise do not speak the language, everybody takes.
    """
    spoken = frozenset(chain.from_iterable(one.languages for one in team))
    advised = None if any(not one.areas for one in team) else frozenset(chain.from_iterable(one.areas for one in team))

    def fits(advice: Advice, wanted: Wanted) -> bool:
        unadvised = advised is not None and not wanted.areas & advised
        area = not advice.areas or not wanted.areas or unadvised or bool(wanted.areas & advice.areas)
        return area and (not advice.languages or wanted.language not in spoken - advice.languages)

    return lambda wanted: fits(chosen, wanted) or not any(fits(one, wanted) for one in team)
