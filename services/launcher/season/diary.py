"""The bookings of one centre's counsellors, to the minute, without double bookings."""

from bisect import insort


class CounsellorBusy(ValueError):
    """A counsellor cannot be booked twice at the same time."""

    slug = "counsellor-busy"

    def __init__(self, day: int, counsellor: int, start: int, end: int) -> None:
        super().__init__(
            f"counsellor {counsellor} is busy on opening day {day} between minutes {start} and {end}: ask `free` first"
        )


class Diary:
    """The bookings of one centre's counsellors, who are numbered from 0. Intervals exclude their end."""

    def __init__(self, counsellors: int) -> None:
        self.counsellors = counsellors
        self._busy: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def hire(self) -> int:
        """Add a counsellor with an empty diary. Returns their number."""
        self.counsellors += 1
        return self.counsellors - 1

    def earliest(self, day: int, counsellor: int, ready: int, minutes: int, closes: int) -> int | None:
        """The first minute from `ready` at which the counsellor has `minutes` free before `closes`, or None."""
        start = ready
        for begins, ends in self._busy.get((day, counsellor), ()):
            if ends <= start:
                continue
            if begins >= start + minutes:
                break
            start = ends
        return start if start + minutes <= closes else None

    def free(self, day: int, counsellor: int, start: int, minutes: int) -> bool:
        """Whether the counsellor has these minutes free."""
        return self.earliest(day, counsellor, start, minutes, start + minutes) == start

    def bookings(self, day: int, counsellor: int) -> int:
        """How many appointments the counsellor has that day."""
        return len(self._busy.get((day, counsellor), ()))

    def book(self, day: int, counsellor: int, start: int, minutes: int) -> None:
        """Book these minutes; raises CounsellorBusy."""
        if not self.free(day, counsellor, start, minutes):
            raise CounsellorBusy(day, counsellor, start, start + minutes)
        insort(self._busy.setdefault((day, counsellor), []), (start, start + minutes))

    def drop_day(self, day: int) -> None:
        """Drop a day that is over, to keep a long season small in memory."""
        for counsellor in range(self.counsellors):
            self._busy.pop((day, counsellor), None)
