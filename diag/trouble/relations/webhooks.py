"""Admission webhooks: which configuration has one, and which workloads answer for it.

Shapes: kubernetes/kubernetes staging/src/k8s.io/api/admissionregistration/v1/types.go.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from diag.projection import JsonDict, Object, dicts

MUTATING = "admissionregistration.k8s.io/MutatingWebhookConfiguration"
VALIDATING = "admissionregistration.k8s.io/ValidatingWebhookConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook of a configuration, and where it stands in it."""

    config: Object
    index: int
    entry: JsonDict

    @property
    def path(self) -> str:
        """The path of the entry."""
        return f"webhooks[{self.index}]"

    @property
    def service(self) -> tuple[str, str] | None:
        """Namespace and name of the Service that is called, None where a URL is."""
        client = self.entry.get("clientConfig")
        service = client.get("service") if isinstance(client, dict) else None
        if not isinstance(service, dict):
            return None
        namespace, name = service.get("namespace"), service.get("name")
        return (namespace, name) if isinstance(namespace, str) and isinstance(name, str) else None


def named(configs: Iterable[Object], name: str) -> list[Webhook]:
    """The webhooks of that name; only within one configuration is a name unique."""
    return [
        Webhook(config=config, index=index, entry=entry)
        for config in configs
        for index, entry in enumerate(dicts(config.whole.get("webhooks")))
        if entry.get("name") == name
    ]


def selector_of(service: Object) -> dict[str, str]:
    """The labels that a Service selects, empty where it selects none."""
    spec = service.whole.get("spec")
    selector = spec.get("selector") if isinstance(spec, dict) else None
    pairs = selector.items() if isinstance(selector, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, str)}


def behind(service: Object, workloads: Iterable[Object]) -> list[Object]:
    """The workloads of the Service's namespace whose pods it would select."""
    return selecting(selector_of(service), service.namespace, workloads)


def selecting(selector: dict[str, str], namespace: str | None, workloads: Iterable[Object]) -> list[Object]:
    """The workloads of a namespace whose templates carry these labels."""
    found = []
    for item in workloads:
        spec = item.whole.get("spec")
        template = spec.get("template") if isinstance(spec, dict) else None
        metadata = template.get("metadata") if isinstance(template, dict) else None
        labels = metadata.get("labels") if isinstance(metadata, dict) else None
        if not selector or item.namespace != namespace or not isinstance(labels, dict):
            continue
        if all(labels.get(key) == value for key, value in selector.items()):
            found.append(item)
    return found
