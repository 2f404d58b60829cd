"""Where it is found in the navigation of every page; apart, because every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Link

NAV = (Link(msg("Results"), "/impact/"),)
