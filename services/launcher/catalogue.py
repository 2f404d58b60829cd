"""The five services, by name."""

from services.chassis.service import Service
from services.directory.app import SERVICE as DIRECTORY
from services.impact.app import SERVICE as IMPACT
from services.intake.app import SERVICE as INTAKE
from services.plans.app import SERVICE as PLANS
from services.scheduling.app import SERVICE as SCHEDULING

SERVICES: dict[str, Service] = {one.name: one for one in (INTAKE, SCHEDULING, PLANS, DIRECTORY, IMPACT)}
