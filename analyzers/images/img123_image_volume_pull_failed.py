"""IMG123: the artifact of an image volume cannot be pulled; the container's own image is fine."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Basis, Because, Finding, Question, Remedy
from diag.projection import Object, dicts


@rule(
    "IMG123",
    name="image-volume-pull-failed",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", "Event"),
    refines=(
        "image-never-pull-absent",
        "image-not-found",
        "image-platform-mismatch",
        "image-pull-secret-missing",
        "image-pull-timeout-large-image",
        "image-pull-unauthorized",
        "image-reference-malformed",
        "image-unpack-failed",
        "registry-certificate-rejected",
        "registry-host-unresolved",
        "registry-rate-limited",
        "registry-unreachable",
    ),
)
def image_volume_pull_failed(ctx: Context) -> Iterator[Finding]:
    """The artifact of an image volume cannot be pulled.

    ## What it means
    The container waits with `ErrImagePull`, but the reference in the message is that of a volume (`volumes[].image`):
    the model or data artifact, not the container's image.

    ## Why it happens
    The artifact's tag was not pushed or is misspelt, or its registry wants credentials of its own.

    ## Evidence
    The kubelet's message, `spec.volumes[].image.reference`, which it repeats, and the containers' images, none of which
    it is.

    ## What to do
    Correct or push the artifact; pull secrets of the pod count for its volumes as well.

    ## Known limits
    What the registry said is repeated, not refined: see the message.
    """
    for group in ctx.groups("container-not-started"):
        member = group.first
        for index, name, reference in _volumes(member):
            pattern = re.compile(
                rf'image "{re.escape(reference)}"(?::|.{{0,200}}(?:ErrImagePull|not present))', re.DOTALL
            )
            found = first_text(ctx, group, pattern, On.WAITING, On.EVENT)
            if not found:
                continue
            said = found[0].cite()
            why = found[0].text.rpartition(": ")[2][:200]
            summary = f"the artifact {reference} of its volume {name} cannot be pulled: {why}"
            volume = ctx.cite(member, f"spec.volumes[{index}].image.reference")
            label = ctx.cite(member, f"spec.volumes[{index}].name")
            yield Finding(
                subject=group.workload,
                summary=summary,
                evidence=(said, volume, label),
                accounts_for=(Because(group, summary, (said, volume)),),
                since=group.since,
                remedies=(
                    Remedy(text=f"correct the reference of volume {name}, or push the artifact {reference}"),
                    Remedy(text="name a pull secret for the artifact's registry", when="the registry refused the pull"),
                ),
            )


def _volumes(pod: Object) -> Iterator[tuple[int, str, str]]:
    """Index, name and reference of the image volumes whose artifact is no container's image."""
    spec = pod.whole.get("spec")
    if not isinstance(spec, dict):
        return
    images = [one.get("image") for part in ("containers", "initContainers") for one in dicts(spec.get(part))]
    volumes = spec.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        image = volume.get("image") if isinstance(volume, dict) else None
        reference = image.get("reference") if isinstance(image, dict) else None
        if isinstance(reference, str) and reference not in images and isinstance(volume.get("name"), str):
            yield index, volume["name"], reference
