"""The tools, named by intent: each answers one question, and none can change anything."""

from diag.mcp.asking import Tool
from diag.mcp.causes import (
    EvidenceAnswer,
    EvidenceAsked,
    ExplainAnswer,
    ExplainAsked,
    ScanAsked,
    Scanned,
    evidence,
    explain,
    scan,
)
from diag.mcp.comparing import CompareAnswer, CompareAsked, compare_snapshots
from diag.mcp.rulebook import RuleAnswer, RuleAsked, rule
from diag.mcp.screens import GpusAnswer, ListAsked, QueuesAnswer, TimelineAnswer, TimelineAsked, gpus, queues, timeline

_TOOLS = (
    Tool(
        name="scan",
        title="What keeps GPU work from running",
        description="Root causes of pending, slow or dead GPU workloads, the costliest first, and what could not be "
        "checked. Begin here; ids (C1) are valid until the next look.",
        asked=ScanAsked,
        answers=Scanned,
        answer=scan,
    ),
    Tool(
        name="explain",
        title="Why one thing does not run",
        description="One cause in full: what is wrong, since when, what it costs, what to do, how sure this is, what "
        "else was considered, and the evidence for each statement.",
        asked=ExplainAsked,
        answers=ExplainAnswer,
        answer=explain,
    ),
    Tool(
        name="evidence",
        title="The words that prove it",
        description="Pieces of evidence by id: the field, log line or absence that a finding rests on, quoted whole.",
        asked=EvidenceAsked,
        answers=EvidenceAnswer,
        answer=evidence,
    ),
    Tool(
        name="gpus",
        title="The GPUs of every node",
        description="Busy, free and lost GPUs of each node and type, who holds them, and which cause concerns a node.",
        asked=ListAsked,
        answers=GpusAnswer,
        answer=gpus,
    ),
    Tool(
        name="queues",
        title="Queues and quotas",
        description="Queues and quotas (Kueue, Volcano, YuniKorn, Armada, Karmada, …): used, borrowed, who waits.",
        asked=ListAsked,
        answers=QueuesAnswer,
        answer=queues,
    ),
    Tool(
        name="timeline",
        title="What happened, in the order of time",
        description="Creations, conditions, containers and events of an object and what it owns, or of all causes.",
        asked=TimelineAsked,
        answers=TimelineAnswer,
        answer=timeline,
    ),
    Tool(
        name="rule",
        title="What a rule means",
        description="The page of a rule: what it means, why it happens, which evidence it takes, what to do.",
        asked=RuleAsked,
        answers=RuleAnswer,
        answer=rule,
    ),
    Tool(
        name="compare_snapshots",
        title="What changed between two looks",
        description="Causes that are new, gone or changed since an offered snapshot, and which objects "
        "somebody changed in between.",
        asked=CompareAsked,
        answers=CompareAnswer,
        answer=compare_snapshots,
    ),
)
TOOLS = {tool.name: tool for tool in _TOOLS}
