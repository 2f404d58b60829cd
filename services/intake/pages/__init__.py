"""Intake's pages, one module each: arrivals, appointments, the desk, devices and what is there without the server, the
waiting room, registered visitors, their consents, personal links, messages and their texts, and the end of what is
stored about them."""

from services.intake.pages import (
    accesses,
    appointments,
    apps,
    arrivals,
    consents,
    corrections,
    day,
    desk,
    devices,
    erasures,
    home,
    identifying,
    links,
    merging,
    message_texts,
    messages,
    people,
    preferences,
    presence,
    public_booking,
    queue,
    retention,
    room,
    ticket,
    visitors,
    waiting_times,
)

routers = (
    links.router,
    public_booking.router,
    home.router,
    presence.router,
    consents.router,
    preferences.router,
    visitors.router,
    identifying.router,
    people.router,
    merging.router,
    arrivals.router,
    corrections.router,
    queue.router,
    ticket.router,
    appointments.router,
    desk.router,
    devices.router,
    apps.router,
    room.router,
    erasures.router,
    retention.router,
    accesses.router,
    waiting_times.router,
    day.router,
    messages.router,
    message_texts.router,
)
"""In this order: `/visits/{id}/plan` and its like before `/visits/{id}/{step}`."""

__all__ = ["routers"]
