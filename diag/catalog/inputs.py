"""The kinds that a diagnosis reads: what a collection lists, and what a role must allow."""

import importlib
import pkgutil

import diag.vocab
from diag.catalog.registry import Registry
from diag.projection import PROJECTIONS


def kinds_read(registry: Registry) -> frozenset[str]:
    """Ids (`Pod`, `apps/Deployment`) of all kinds that a rule declares or that the engine knows; never Secrets."""
    for module in pkgutil.iter_modules(diag.vocab.__path__, "diag.vocab."):
        importlib.import_module(module.name)  # projections stand beside their vocabulary
    declared = {kind for rule in registry.functions for kind in rule.inputs}
    return frozenset({*declared, *PROJECTIONS} - {"Secret"})
