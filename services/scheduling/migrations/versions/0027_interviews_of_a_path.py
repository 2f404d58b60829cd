"""interviews of a path"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

COUNTED = "status in ('booked', 'fulfilled') and path_id is not null"
NUMBERED = "number is not null and path_id is not null"
CHECKS = {
    "interviews_length": "kind <> 'guidance' or minutes in (60, 120)",
    "interviews_number_range": "number is null or number between 1 and 4",
    "interviews_limit": "counted_as is null or counted_as between 1 and case when method = 'collective' then 1 else 4 end",
}
NAMED = 20
"""How many interviews an error names."""


def upgrade() -> None:
    # An import may have numbered an interview as one that was held later was numbered too, or beyond the fourth.
    op.execute(
        "update interviews set number = case when ranked.place <= 4 then ranked.place end from ("  # noqa: S608
        "select id, path_id, row_number() over (partition by path_id order by starts_at, id) as place "
        f"from interviews where {NUMBERED}) as ranked "
        "where ranked.id = interviews.id and ranked.path_id in ("
        f"select path_id from interviews where {NUMBERED} group by path_id, number having count(*) > 1 "
        f"union select path_id from interviews where {NUMBERED} and number not between 1 and 4)"
    )
    _check_rows()
    # As constraints of the new column: SQLite adds none to a table that is there.
    checks = " ".join(f"constraint {name} check ({rule})" for name, rule in CHECKS.items())
    op.execute(f"alter table interviews add column counted_as integer {checks}")
    op.execute(
        "update interviews set counted_as = ranked.place from ("  # noqa: S608
        "select id, method, row_number() over (partition by path_id order by starts_at, id) as place "
        f"from interviews where {COUNTED}) as ranked "
        "where ranked.id = interviews.id and ranked.place <= case when ranked.method = 'collective' then 1 else 4 end"
    )
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        for name, columns, rule in (
            ("interviews_counted_once", ["path_id", "counted_as"], COUNTED),
            ("interviews_numbered_once", ["path_id", "number"], NUMBERED),
        ):
            where = sa.text(rule)
            batch_op.create_index(name, columns, unique=True, postgresql_where=where, sqlite_where=where)


def _check_rows() -> None:
    """Name the interviews that the new rules do not allow, before anything is changed for good."""
    for name in ("interviews_length", "interviews_number_range"):
        found = op.get_bind().scalars(sa.text(f"select id from interviews where not ({CHECKS[name]}) order by id"))  # noqa: S608
        ids = [str(id) for id in found]
        if ids:
            named = ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
            raise ValueError(f"{len(ids)} interviews are outside the rule {CHECKS[name]}: correct them first: {named}")


def downgrade() -> None:
    for name, rule in (("interviews_numbered_once", NUMBERED), ("interviews_counted_once", COUNTED)):
        op.drop_index(name, "interviews", postgresql_where=sa.text(rule), sqlite_where=sa.text(rule))
    # In one step: once SQLite has copied the table for a later migration, the checks are the table's.
    with op.batch_alter_table("interviews", schema=None) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(name, type_="check")
        batch_op.drop_column("counted_as")
