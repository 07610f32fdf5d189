"""Metrics in Prometheus' text format, for a text-file collector or a push. No name of an object is a label."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from diag.document import CauseRow, Report
from diag.report.look import Look
from diag.report.sanitize import cleaned
from diag.views.wording import moment

_Labels = Mapping[str, str]
_Sample = tuple[_Labels, float]


def rendered(report: Report, look: Look) -> bytes:  # noqa: ARG001  # nothing of a document depends on who looks
    """Gauges: causes by rule, GPUs that wait or are lost, gaps, and the time of the look, for each cluster."""
    shown = cleaned(report)
    clusters = [one.id for one in shown.target.clusters]
    families = (
        ("diag_findings", "Root causes that were found.", _causes(shown)),
        (
            "diag_gpus_blocked",
            "GPUs that workloads wait for, or that exist and cannot be used.",
            _gpus(shown, clusters),
        ),
        (
            "diag_gaps",
            "Things that could not be looked at; material ones could change a verdict.",
            _gaps(shown, clusters),
        ),
        ("diag_time_seconds", "The time that was looked at, in seconds since the epoch.", _times(shown)),
    )
    return "".join(line for family in families for line in _family(*family)).encode()


def _causes(report: Report) -> Iterator[_Sample]:
    counts = Counter((cause.root.cluster, cause.rule, cause.name, cause.severity) for cause in report.causes)
    for (cluster, rule, name, severity), count in counts.items():
        yield {"cluster": cluster, "rule": rule, "name": name, "severity": severity}, count


def _gpus(report: Report, clusters: Iterable[str]) -> Iterator[_Sample]:
    for cluster in dict.fromkeys((*clusters, *(cause.root.cluster for cause in report.causes))):
        causes = [cause for cause in report.causes if cause.root.cluster == cluster]
        yield {"cluster": cluster, "state": "waited_for"}, _sum(causes, "gpus")
        yield {"cluster": cluster, "state": "lost"}, _sum(causes, "gpus_lost")


def _sum(causes: Iterable[CauseRow], amount: str) -> int:
    return sum(getattr(cause.affected, amount) for cause in causes)


def _gaps(report: Report, clusters: Iterable[str]) -> Iterator[_Sample]:
    counts = Counter((gap.cluster, gap.material) for gap in report.gaps)
    for cluster in dict.fromkeys((*clusters, *(gap.cluster for gap in report.gaps))):
        for material in (True, False):
            yield {"cluster": cluster, "material": str(material).lower()}, counts[cluster, material]


def _times(report: Report) -> Iterator[_Sample]:
    for one in report.target.clusters:
        at = moment(one.now)
        if at is not None:
            yield {"cluster": one.id}, at.timestamp()


def _family(name: str, meaning: str, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        written = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{written}}} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
