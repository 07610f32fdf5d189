import pytest

from diag.errors import UsageError
from diag.views.cause_fields import CauseFields, kept_ids
from diag.views.cause_table import causes_table
from diag.views.filter import CAUSES, parse, term
from diag.views.table import Column, Line, Searched, Table


def ids(report, text):
    found = kept_ids(report, parse(text))
    return [cause.id for cause in report.causes if cause.id in found]


LANGUAGE = [
    ("", ["C1", "C2", "C3"]),
    ("quota", ["C1"]),
    ("QUOTA", ["C1"]),
    ("-quota", ["C2", "C3"]),
    ("sev:error", ["C1", "C2"]),
    ("severity:ERR*", ["C1", "C2"]),
    ("sev:error,warning", ["C1", "C2", "C3"]),
    ("sev>=warning", ["C1", "C2", "C3"]),
    ("sev>warning", ["C1", "C2"]),
    ("sev<error", ["C3"]),
    ("confidence:likely", ["C2"]),
    ("confidence:probably", ["C2"]),
    ("confidence:certain,possibly", ["C1", "C3"]),
    ("confidence>=Probably", ["C1", "C2"]),
    ("rule:QUO*,UPG110", ["C1", "C3"]),
    ("ns:ml,db", ["C1", "C3"]),
    ("-sev:error", ["C3"]),
    ("rule:QUO*", ["C1"]),
    ("ns:ml", ["C1"]),
    ("ns:serve", ["C2"]),
    ("gpus>4", ["C1", "C2"]),  # waited for and lost, as the column GPUS
    ("gpus:12", ["C2"]),
    ("waited>4", ["C1"]),
    ("waited>=4", ["C1", "C2"]),
    ("waited:4", ["C2"]),
    ("lost<8", ["C1", "C3"]),
    ("age>1h", ["C2"]),
    ("age<1h", ["C1"]),  # an unknown age is neither
    ("sev:error age>1h", ["C2"]),
    ('"12 of 12"', ["C1"]),
    ('"2 of 12"', []),
    ('-"12 of 12"', ["C2", "C3"]),
    ('summary:"12 of 12*"', ["C1"]),
    ("~nvml", ["C2"]),
    ("~pdbdrn", ["C3"]),
    ("eval-7", ["C1"]),
]


@pytest.mark.parametrize(("text", "expected"), LANGUAGE)
def test_the_language_of_filters(report, text, expected):
    assert ids(report, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [*LANGUAGE, ("obj:*EVAL-*", ["C1"]), ("eval-7 -rule:QUO*", []), ("--quota", ["C1"]), ("-", ["C1", "C2", "C3"])],
)
def test_a_list_of_causes_is_searched_as_the_command_line_searches(report, text, expected):
    table, of = causes_table(report), CauseFields(report)
    causes = {cause.id: cause for cause in report.causes}
    searched = Searched(
        table, fields=CAUSES, row=lambda line: of.row(causes[line.causes[0]]),
        words=lambda line: of.words(causes[line.causes[0]]),
    )  # fmt: skip

    assert [line.causes[0] for line in searched.filtered(text).lines] == expected == ids(report, text)


def test_a_search_that_nobody_waits_for_ends():
    lines = [Line(key=str(at), values=(f"n{at}",)) for at in range(2_000)]
    searched, asked = Searched(Table(columns=(Column(title="NAME"),), lines=lines)), []

    def is_wanted():
        asked.append(1)
        return len(asked) < 3

    assert len(searched.filtered("name:n*").lines) == 2_000
    assert len(searched.filtered("name:n*", is_wanted=is_wanted).lines) == 1_000


def test_of_a_long_list_only_the_columns_are_made_that_a_term_asks_for(report):
    asked = []

    class Fields(CauseFields):
        def _objects(self, cause):
            asked.append(cause.id)
            return super()._objects(cause)

    row = Fields(report).row
    found = [cause.id for cause in report.causes if all(each(row(cause)) for each in parse("sev:error ns:ml"))]

    assert found == ["C1"]
    assert asked == ["C1", "C2"]  # the first term settles the third


def test_an_exact_text_ends_where_a_name_ends(report):
    assert ids(report, '"gpu-7"') == ["C2"]
    assert ids(report, '"gpu"') == ["C1", "C2"]  # nvidia.com/gpu stands alone, gpu-2 does not
    assert ids(report, '"gpu-"') == []


def test_a_word_of_the_command_line_may_hold_blanks(report):
    assert kept_ids(report, [term("never created")]) == {"C1"}


def test_an_unknown_field_names_the_nearest(report):
    with pytest.raises(UsageError) as caught:
        parse("sevv:error")

    assert "did you mean sev" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("sev:critical", "no severity 'critical'", "takes error, warning, info"),
        ("severity:err", "no severity 'err'", "did you mean error?"),
        ("sev:", "no severity ''", "takes error"),
        ("sev>err*", "no severity 'err*'", "takes error"),
        ("confidence:sure", "no confidence 'sure'", "takes certain, likely|probably, possible|possibly"),
    ],
)
def test_a_degree_that_does_not_exist_is_refused_with_those_that_do(text, sentence, hint):
    with pytest.raises(UsageError) as caught:
        parse(text)

    assert sentence in caught.value.message
    assert hint in caught.value.hint


def test_a_comma_in_a_sentence_is_a_comma(report):
    assert ids(report, 'summary:"the budget allows no eviction, so*"') == ["C3"]
    assert ids(report, 'summary:"nothing,the budget*"') == []


def test_a_number_is_needed_to_compare():
    with pytest.raises(UsageError):
        parse("gpus>many")
    with pytest.raises(UsageError):
        parse("gpus>4m")
    with pytest.raises(UsageError):
        parse("rule>4")
