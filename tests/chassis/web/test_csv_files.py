"""A file of rows is for programs, or for the Excel of a Belgian reader."""

from services.chassis.refusals import msg
from services.chassis.web.csv_files import csv_file

LABELS = {"centre": msg("Front desk"), "visitors": msg("Page")}
ROWS = [{"centre": "Liège; centre", "visitors": 3}, {"centre": "Mons", "visitors": None}]


def test_programs_get_codes_commas_and_no_byte_order_mark() -> None:
    made = csv_file("mars", LABELS, ROWS, excel=False)
    assert bytes(made.body).decode() == "centre,visitors\r\nLiège; centre,3\r\nMons,\r\n"
    assert made.headers["content-disposition"] == 'attachment; filename="cefo-mars.csv"'
    assert made.headers["content-type"].startswith("text/csv")


def test_excel_gets_names_semicolons_and_a_byte_order_mark() -> None:
    made = csv_file("mars", LABELS, ROWS, excel=True)
    assert bytes(made.body).startswith(b"\xef\xbb\xbf")
    header, first, _ = bytes(made.body).decode("utf-8-sig").splitlines()
    assert header == "Accueil du public;Page"
    assert first == '"Liège; centre";3'
