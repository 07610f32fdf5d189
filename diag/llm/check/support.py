"""What a sentence rests on: the facts, links and steps that it cites, and nothing else of the brief."""

import re
from dataclasses import dataclass
from functools import cached_property

from diag.document import RefRow
from diag.llm.brief import Brief, Link, Step
from diag.llm.check.english import alike, pieces, stem, stems
from diag.llm.form import Sentence
from diag.views.wording import WHO

_MENTIONED = re.compile(
    r"\b(?:Job|Pod|Node|node|Deployment|Workload|StatefulSet|DaemonSet|ClusterQueue|LocalQueue|PodGroup|RayCluster|Queue)"
    r" ([\w./-]*[\d-][\w./-]*\w)"
)


class UnknownSourceError(Exception):
    """A sentence cites something that the brief does not hold."""


@dataclass(frozen=True)
class Source:
    """One cited piece: its words, and the objects that it is about, the one that it is true of first."""

    text: str
    about: tuple[RefRow, ...] = ()
    kind: str = ""  # of a fact; "" of a link, "step" of a step

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its words."""
        return stems(self.text)

    @cached_property
    def lowered(self) -> str:
        """Its text in lower case."""
        return self.text.casefold()

    @cached_property
    def names(self) -> frozenset[str]:
        """How the objects that it is about may be called, in lower case."""
        return frozenset(name for ref in self.about for name in called(ref))


@dataclass(frozen=True)
class Support:
    """All that one sentence cites."""

    brief: Brief
    sources: tuple[Source, ...]
    link: Link | None = None
    steps: tuple[Step, ...] = ()
    ends: tuple[Source, ...] = ()  # the link's cause and effect

    @cached_property
    def text(self) -> str:
        """Every cited word, a line for each source."""
        return "\n".join(source.text for source in self.sources)

    @cached_property
    def lowered(self) -> str:
        """The same in lower case."""
        return self.text.casefold()

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of every cited word, and those that say the same."""
        own = frozenset(one for source in self.sources for one in source.stems)
        return own | frozenset(other for one in own for other in alike(one))

    @cached_property
    def advised(self) -> frozenset[str]:
        """Stems of what steps, costs and times are of: the cause and its symptoms. Empty where none is cited."""
        if not any(source.kind in ("step", "cost", "since", "certainty") for source in self.sources):
            return frozenset()
        told = (fact.text for fact in self.brief.facts if fact.kind in ("cause", "symptom"))
        return frozenset(one for text in told for one in stems(text))

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """What the brief names behind a kind ("Job small-1gpu"), in lower case."""
        text = "\n".join(fact.whole for fact in self.brief.facts)
        return frozenset(one.casefold().rpartition("/")[2] for one in _MENTIONED.findall(text))

    @cached_property
    def objects(self) -> dict[str, list[RefRow]]:
        """Every object of the brief, cited or not, by how it may be called."""
        found: dict[str, list[RefRow]] = {}
        for fact in self.brief.facts:
            for ref in fact.about:
                for name in called(ref):
                    found.setdefault(name, []).append(ref)
        return found

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Stems of the kinds of these objects, whole and in their words."""
        found = {ref.kind for refs in self.objects.values() for ref in refs}
        return frozenset(stem(word) for kind in found for word in (kind, *pieces(kind)))


def support_of(sentence: Sentence, brief: Brief) -> Support:
    """What the sentence cites. A link brings its own words and both its facts. Raises UnknownSourceError."""
    facts = {fact.id: fact for fact in brief.facts}
    steps = {step.id: step for step in brief.steps}
    links = {link.id: link for link in brief.links}
    for ids, known in ((sentence.facts, facts), (sentence.steps, steps)):
        for one in ids:
            if one not in known:
                raise UnknownSourceError(one)
    link = None
    if sentence.because:
        if sentence.because not in links:
            raise UnknownSourceError(sentence.because)
        link = links[sentence.because]
    ends = (link.cause, link.effect) if link else ()
    cited = {one: Source(facts[one].whole, facts[one].about, facts[one].kind) for one in (*sentence.facts, *ends)}
    sources = list(cited.values())
    if link is not None:
        sources.append(Source(link.why, tuple(ref for one in ends for ref in facts[one].about[:1])))
    done = [steps[one] for one in sentence.steps]
    sources += [Source(_step(step), kind="step") for step in done]
    return Support(brief, tuple(sources), link, tuple(done), tuple(cited[one] for one in ends))


def _step(step: Step) -> str:
    """Words of a step; who may take it and how risky it is are said of it, too."""
    who = WHO.get(step.who, "") if step.who != "user" else ""
    return " ".join(
        filter(None, (step.text, step.command, step.condition and f"({step.condition})", f"({step.risk}; {who})"))
    )


def called(ref: RefRow) -> tuple[str, ...]:
    """How an object may be called: its name, and the name with its namespace; an event, by its subject's."""
    name = ref.name.casefold()
    if ref.kind == "Event":
        name = name.rpartition(".")[0] or name
    return (name, f"{ref.namespace.casefold()}/{name}") if ref.namespace else (name,)
