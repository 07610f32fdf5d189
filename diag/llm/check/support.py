"""What a sentence rests on: the facts, links and steps that it cites, and nothing else of the brief."""

import re
from dataclasses import dataclass
from functools import cached_property

from diag.document import RefRow
from diag.facts.steps import WHO
from diag.llm.brief import Brief, Link, Step
from diag.llm.check.english import alike, lists, meaning, pieces, states, stem, stems, words
from diag.llm.form import Sentence

_MENTIONED = re.compile(
    r"\b(?:Job|Pod|Node|node|Deployment|Workload|StatefulSet|DaemonSet|ClusterQueue|LocalQueue|PodGroup|RayCluster|Queue)"
    r" ([\w./-]*[\d-][\w./-]*\w)"
)


_NAMESPACE = re.compile(r"\b[Nn]amespace ([a-z0-9][a-z0-9-]*)")
# How a step says what is to be done without its verb.
_MANNERS = {
    r"\bstart\b.*\bagain\b": ("restart", "relaunch", "restore"),
    r"\b(?:anew|again)\b": ("recreate", "rebuild", "redo"),
    r"\b(?:smaller|fewer|less|lower|shorter)\b": ("reduce", "decrease", "lower", "shrink"),
    r"\b(?:larger|more|higher|greater|longer|bigger)\b": ("increase", "raise", "enlarge", "extend", "expand"),
}
_VALUE = re.compile(r"\"[^\"]*\"|=[\w.-]+|\b(?:true|false)\b", re.IGNORECASE)


_SYMPTOM = re.compile(r" \(([a-z-]+)\): ")
_SEVERITY = re.compile(r", (?:error|warning|info)\)(?=: )")


class UnknownSourceError(Exception):
    """A sentence cites something that the brief does not hold."""


@dataclass(frozen=True)
class Source:
    """One cited piece: its words, and the objects that it is about, the one that it is true of first."""

    text: str
    about: tuple[RefRow, ...] = ()
    kind: str = ""  # of a fact; "" of a link, "step" of a step

    @cached_property
    def state(self) -> str:
        """What the state of a symptom is called in English besides; "" of other pieces."""
        named = _SYMPTOM.search(self.text) if self.kind == "symptom" else None
        return "; ".join(filter(None, (states().get(named[1]), meaning(self.text)))) if named else ""

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its words; the severity of a cause says nothing of it."""
        return stems(_SEVERITY.sub(")", self.text)) | stems(self.state)

    @cached_property
    def lowered(self) -> str:
        """Its text in lower case."""
        return self.text.casefold()

    @cached_property
    def names(self) -> frozenset[str]:
        """How the objects that it is about may be called, in lower case."""
        return frozenset(name for ref in self.about for name in called(ref))

    @cached_property
    def spoken(self) -> str:
        """Its text with the object before what is said of it: "(name): is closed" tells of that object."""
        if self.kind not in ("cause", "symptom") or not self.about:
            return self.text
        return self.text.replace("): ", f"): {self.about[0].name} ", 1)

    @cached_property
    def named(self) -> str:
        """The kinds and names of the objects that it is about, as words."""
        return " ".join((*(ref.kind for ref in self.about), *self.names))


@dataclass(frozen=True)
class Support:
    """All that one sentence cites."""

    brief: Brief
    sources: tuple[Source, ...]
    link: Link | None = None
    steps: tuple[Step, ...] = ()
    arrows: tuple[tuple[tuple[Source, Source], str], ...] = ()  # cause, effect and reason of each link that is cited

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
        """Stems of the cause, which every sentence is about; beside steps, costs and times of its symptoms, too.

        Values are none of them: a label that is `true` there says nothing of another one.
        """
        kinds = {"cause"}
        if any(source.kind in ("step", "cost", "since", "certainty") for source in self.sources):
            kinds.add("symptom")
        told = (_VALUE.sub(" ", _SEVERITY.sub(")", fact.text)) for fact in self.brief.facts if fact.kind in kinds)
        return frozenset(one for text in told for one in stems(text))

    @cached_property
    def deeds(self) -> frozenset[str]:
        """Stems of the verbs that say what the cited steps do, and of those that only look."""
        if not self.steps:
            return frozenset()
        said = frozenset(stem(one) for step in self.steps for one in re.findall(r"[A-Za-z]+", _step(step)))
        groups = (frozenset(map(stem, line.split())) for line in lists("deeds"))
        done = frozenset(one for group in groups if group & said for one in group)
        told = " ".join(step.text for step in self.steps)
        done |= frozenset(stem(one) for form, deeds in _MANNERS.items() if re.search(form, told) for one in deeds)
        return said | done | frozenset(map(stem, words("looking") | words("helping")))

    @cached_property
    def effects(self) -> tuple[str, ...]:
        """Texts of the cited facts to which a link of the brief leads."""
        texts = {source.text for source in self.sources}
        ends = {link.effect for link in self.brief.links}
        return tuple(fact.whole for fact in self.brief.facts if fact.id in ends and fact.whole in texts)

    @cached_property
    def led_to(self) -> tuple[Source, ...]:
        """The facts of the brief, cited or not, to which a link leads."""
        ends = {link.effect for link in self.brief.links}
        return tuple(Source(fact.whole, fact.about, fact.kind) for fact in self.brief.facts if fact.id in ends)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """What the brief names behind a kind ("Job small-1gpu"), in lower case."""
        text = "\n".join(fact.whole for fact in self.brief.facts)
        return frozenset(one.casefold().rpartition("/")[2] for one in _MENTIONED.findall(text))

    @cached_property
    def naming(self) -> frozenset[str]:
        """Names and values of the brief, cited or not, that look like words of English, in lower case."""
        told = [
            ref_name for fact in self.brief.facts for ref in fact.about for ref_name in (ref.name, ref.namespace or "")
        ]
        told += [fact.quote.strip('"') for fact in self.brief.facts]
        parts = (part for name in told for part in re.split(r"[./]", name.casefold()))
        return frozenset(part for part in parts if part.isalpha())

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

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Those of the objects that the cited pieces are about or name, in lower case."""
        told = {ref.namespace.casefold() for source in self.sources for ref in source.about if ref.namespace}
        every = {ref.namespace.casefold() for refs in self.objects.values() for ref in refs if ref.namespace}
        named = {one.casefold() for one in _NAMESPACE.findall(self.text)}
        within = {one for one in every if self.steps and re.search(rf"\bin {re.escape(one)}\b(?!-)", self.lowered)}
        return frozenset(told | named | within | {one for one in every if f"{one}/" in self.lowered})

    @cached_property
    def systems(self) -> frozenset[str]:
        """Stems of the systems that the brief is about: the API groups of its objects, and the cause's own name."""
        groups = " ".join(ref.apiVersion.partition("/")[0] for refs in self.objects.values() for ref in refs)
        return stems(f"{groups} {self.brief.name}".replace(".", " ").replace("-", " "))


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
    sources += _conditions(list(cited.values()))
    done = [steps[one] for one in sentence.steps]
    sources += [Source(_step(step), kind="step") for step in done]
    # A link between two cited facts is cited with them, unless another is named.
    drawn = [link] if link else [one for one in brief.links if {one.cause, one.effect} <= cited.keys()]
    arrows = tuple(((cited[one.cause], cited[one.effect]), one.why) for one in drawn)
    return Support(brief, tuple(sources), link, tuple(done), arrows)


_CONDITION = re.compile(r"^(\S+ \S+) (\S*conditions\[\d+\])\.(type|status): \"?(\w+)\"?$")


def _conditions(cited: list[Source]) -> list[Source]:
    """The conditions of which both the type and the status are cited, told as one: `Ready=False`."""
    found: dict[tuple[str, str], dict[str, Source]] = {}
    for one in cited:
        if told := _CONDITION.match(one.text):
            found.setdefault((told[1], told[2]), {})[told[3]] = one
    return [
        Source(f"{whose} {_value(parts['type'])}={_value(parts['status'])}", parts["type"].about, "evidence")
        for (whose, _), parts in found.items() if len(parts) > 1
    ]  # fmt: skip


def _value(source: Source) -> str:
    return source.text.rpartition(": ")[2].strip('"')


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
