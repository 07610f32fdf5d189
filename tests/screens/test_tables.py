import pytest

from diag.document import RefRow
from diag.errors import UsageError
from diag.report.cells import width
from diag.report.look import Look
from diag.report.tables import tables_bytes
from diag.views.table import Column, Line, Table, filtered, ordered

COLUMNS = (
    Column(title="NODE", least=6),
    Column(title="GPUS", kind="count"),
    Column(title="AGE", kind="age"),
    Column(title="MARKS", picture=True),
)


def line(name, gpus, age=None, severity=""):
    ref = RefRow(cluster="c", apiVersion="v1", kind="Node", name=name)
    return Line(key=name, values=(name, gpus, age, "■"), severity=severity, ref=ref, also=("llama",))


TABLE = Table(columns=COLUMNS, lines=[line("alpha", 8, 7200), line("beta", None), line("gamma", 2, 60, "warning")])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gpus>4", ["alpha"]),
        ("age<2h", ["gamma"]),
        ("-node:al*", ["beta", "gamma"]),
        ("sev:warning", ["gamma"]),
        ("kind:node gpus<9", ["alpha", "gamma"]),
        ("llama", ["alpha", "beta", "gamma"]),
        ("~gma", ["gamma"]),
        ("GAM", ["gamma"]),
        ("ga warn", ["gamma"]),
        ("alpha gamma", []),
        ("alpha beta", []),
        ("", ["alpha", "beta", "gamma"]),
    ],
)
def test_one_filter_language_holds_for_every_table(text, names):
    assert [each.key for each in filtered(TABLE, text).lines] == names


def test_a_field_that_the_table_has_not_is_an_error_with_the_fields_that_it_has():
    with pytest.raises(UsageError) as caught:
        filtered(TABLE, "confidence:certain")

    assert "node" in caught.value.hint
    assert "fingerprint" not in caught.value.hint


def test_what_is_unknown_stands_last_in_either_order():
    assert [each.key for each in ordered(TABLE.lines, 1, backwards=False)] == ["gamma", "alpha", "beta"]
    assert [each.key for each in ordered(TABLE.lines, 1, backwards=True)] == ["alpha", "gamma", "beta"]


def test_numbers_within_names_are_sorted_as_numbers():
    names = ["n-10", "n-2", "N-1", "n-2b", "n", "12345678901234567890123456789", "-"]

    lines = ordered([line(name, 1) for name in names], 0, backwards=False)

    assert [each.key for each in lines] == ["-", "12345678901234567890123456789", "n", "N-1", "n-2", "n-2b", "n-10"]


def test_a_text_fits_its_width_and_says_unknown():
    lines = tables_bytes([TABLE], "table", Look(width=30)).decode().splitlines()

    assert max(map(width, lines)) <= 30
    assert "?" in lines[2]


def test_plain_says_in_words_what_a_picture_shows():
    lines = tables_bytes([TABLE], "plain", Look()).decode().splitlines()

    assert lines[0] == "alpha: gpus 8, age 2h"
    assert lines[2] == "gamma: warning, gpus 2, age 60s"


@pytest.mark.parametrize("form", ["table", "plain"])
def test_nothing_moves_the_cursor(form):
    hostile = Table(columns=COLUMNS, lines=[line("a\x1b[2J\nb", 1)], notes=("\x1b]0;x\x07",))

    text = tables_bytes([hostile], form, Look()).decode()

    assert "\x1b" not in text
    assert "\x07" not in text


def test_lines_beyond_the_limit_are_counted():
    assert tables_bytes([TABLE], "table", Look(limit=1)).decode().splitlines()[-1] == "and 2 more"


@pytest.mark.parametrize("word", ["alp", "node/beta", "WARN", "llama", "/gam", "nothing"])
def test_words_alone_find_what_they_find_among_other_terms(word):
    alone = filtered(TABLE, word).lines

    assert alone == filtered(TABLE, f"{word} -kind:nothing").lines
