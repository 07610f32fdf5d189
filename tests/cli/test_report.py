import json
from types import SimpleNamespace

import msgspec
import pytest

from diag.cli.flags import for_others

K8SGPT = {
    "status": "ProblemDetected",
    "results": [{"kind": "Job", "name": "ml/llama-ft", "error": [{"Text": "Job has failed"}]}],
}
_SHARED = ("table", "plain", "json", "markdown", "junit", "sarif", "gitlab", "prom", "otlp-json", "k8sgpt", "github")


def test_any_number_of_formats_go_where_they_are_sent_and_nothing_fails(diag):
    files = [word for form in (*_SHARED, "yaml", "jsonl", "wide") for word in ("-o", f"{form}=out/{form}")]
    ended = diag("report", "--from", "x", *files)

    assert (ended.code, ended.out) == (0, "")
    assert {path.name for path in (ended.folder / "out").iterdir()} == {*_SHARED, "yaml", "jsonl", "wide"}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--from /builds/42/snapshot.jsonl.gz -n ml", "--from snapshot.jsonl.gz -n ml"),
        ("--from eu=dumps/eu.json --from 'us=a b/u s.json'", "--from eu=eu.json --from 'us=u s.json'"),
        ("--from a/dump.json --from b/dump.json", "--from a/dump.json --from b/dump.json"),
        ("--from a/b=c.json --from dumps/", "--from b=c.json --from dumps"),
        ("--from . --kubeconfig /home/ci/config --context eu", "--from . --context eu"),
        ("--from dumps/-", "--from ./-"),
        ("--from -", "--from -"),
        ("--demo", "--demo"),
    ],
)
def test_flags_for_others_name_no_folder_of_the_machine_that_wrote_them(typed, told):
    assert for_others(typed) == told


def test_a_report_in_a_file_names_the_file_that_it_was_made_of_and_a_log_where_it_lies(diag):
    ended = diag("report", "--from", "ci/x.json", "-o", "junit", "-o", "html=a.html", "-o", "markdown=a.md")
    written = [(ended.folder / name).read_text() for name in ("a.html", "a.md")]

    assert "diag explain --from ci/x.json " in ended.out
    assert "diag explain --from x.json " in written[1]
    assert all("x.json" in text and "ci/" not in text for text in written)


@pytest.mark.parametrize("form", _SHARED)
def test_a_second_run_writes_the_same_bytes_and_a_scan_the_same(diag, form):
    assert diag("report", "--from", "x", "-o", form).out == diag("report", "--from", "x", "-o", form).out
    assert diag("scan", "--from", "x", "-o", form).out == diag("report", "--from", "x", "-o", form).out


def test_k8sgpt_is_shown_beside_and_counts_for_nothing(diag, clean, tmp_path):
    (tmp_path / "k8sgpt.json").write_text(json.dumps(K8SGPT))
    ended = diag(
        "report",
        "--from",
        "x",
        "--beside",
        str(tmp_path / "k8sgpt.json"),
        "--fail-on",
        "info",
        "-o",
        "plain",
        returns=clean,
    )

    assert ended.code == 0
    assert ended.out.startswith("k8sgpt says of Job ml/llama-ft: Job has failed")


def test_a_watch_is_refused_and_waiting_is_offered(diag):
    ended = diag("report", "--watch")

    assert ended.code == 2
    assert "--wait 5m" in ended.err


@pytest.mark.parametrize(("known", "looks"), [(["C1", "C2", "C3"], 3), (["C1", "C2"], 1)])
def test_waiting_ends_with_what_the_baseline_does_not_hold(report, monkeypatch, tmp_path, capsys, known, looks):
    from diag.cli import following, looking  # noqa: PLC0415  # only here
    from diag.cli.root import run  # noqa: PLC0415
    from diag.views.causes import Hidden  # noqa: PLC0415
    from diag.views.narrow import narrowed  # noqa: PLC0415

    (tmp_path / "old.json").write_bytes(msgspec.json.encode(narrowed(report, known)))
    ends = iter(["", "", "timeout", "timeout"])
    seen = []

    def looked(*_, **__):
        seen.append(1)
        return looking.Looked(
            report=report, hidden=Hidden(count=0, by=""), known=list, put_aside=(), snapshots=(), troubles=(),
            ended=next(ends),
        )  # fmt: skip

    monkeypatch.setattr(looking, "looked", looked)
    monkeypatch.setattr(following, "_watch", lambda *_: SimpleNamespace(gone={}))
    code = run(["report", "--wait", "60s", "--baseline", str(tmp_path / "old.json"), "-o", "plain"])

    assert len(seen) == looks
    assert code == (124 if looks == 3 else 0)
    assert ("C3 warning" in capsys.readouterr().out) == (looks == 1)


def test_a_filter_counts_as_in_a_scan(diag):
    assert diag("report", "--from", "x", "sev:warning", "--fail-on", "error").code == 0
    assert diag("report", "--from", "x", "--fail-on", "error").code == 1


def test_the_built_in_example_as_a_page_shows_its_devices(tmp_path, capsysbinary):
    from diag.cli.root import run  # noqa: PLC0415  # the engine itself

    for name in ("a", "b"):
        assert run(["report", "--demo", "-o", f"html={tmp_path / name}"]) == 0

    page = (tmp_path / "a").read_bytes()
    assert page == (tmp_path / "b").read_bytes()
    assert b"<caption>Nodes with GPUs</caption>" in page
    assert b"<td>8 not offered</td>" in page
    assert capsysbinary.readouterr().out == b""


def test_an_output_that_cannot_be_written_costs_no_other(diag, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "ring").symlink_to("ring")
    words = (
        "-o",
        f"html={tmp_path / 'folder'}",
        "-o",
        f"junit={tmp_path / 'diag.xml'}",
        "-o",
        f"json={tmp_path / 'ring'}",
    )
    ended = diag("report", "--from", "x", *words, "-o", "plain")

    assert (ended.code, "cannot write" in ended.err) == (3, True)
    assert ended.out
    assert all((tmp_path / name).stat().st_size for name in ("diag.xml", "ring"))
