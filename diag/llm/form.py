"""The form that a model fills: sentences, each with the facts it cites and, for "because", the link it needs."""

import msgspec


class Sentence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sentence. `facts` are ids of the brief (F1…), `because` a link (L1…) where it says why, `steps` remedies."""

    text: str
    facts: tuple[str, ...] = ()
    because: str | None = None
    steps: tuple[str, ...] = ()


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a model answers."""

    sentences: tuple[Sentence, ...]
