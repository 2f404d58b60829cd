"""The demo season: nine months of invented visits and interviews around the published totals of 2017.

`write_season(2017, Path("season"))` writes four files that a centre migrating from older software could have written:
`visits.ndjson`, `workshops.ndjson`, `interviews.ndjson` and the manifest `season.json`. The output is
identical on every machine and Python version: integer arithmetic only, and only draws of the generator whose sequence
Python guarantees. All people are invented.

In reading order: `network` (centres, areas), `shape` (totals and how they spread), `opening` (days and hours),
`dice`, `diary` and `booking` (who is free when), `workshops` and `paths` (guidance, planned for the whole season),
`days` (one centre's day), `lines` (the file formats) and `writing`.
"""

from services.launcher.season.shape import ScaleImpossible, SeasonUnknown
from services.launcher.season.writing import SeasonFile, SeasonFiles, SeasonTotals, write_season

__all__ = ["ScaleImpossible", "SeasonFile", "SeasonFiles", "SeasonTotals", "SeasonUnknown", "write_season"]
