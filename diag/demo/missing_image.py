"""A Deployment whose image was never pushed under the tag it names."""

from diag.demo.cluster import Cluster, kubelet_says, owned_pods, scheduled
from diag.demo.fleet import SERVE
from diag.demo.workloads import model_server
from diag.testing import deployment, replica_set, waiting

NAME, NAMESPACE = "dock-detector", "ferry-vision"
IMAGE = "registry.example.com/ferry/dock-detector:2026.09.1-cu130"
MINUTES = 33


def build(cluster: Cluster) -> None:
    """Adds the Deployment and its two pods in ImagePullBackOff."""
    clock = cluster.clock
    top = deployment(
        NAME,
        model_server(NAME, image=IMAGE),
        namespace=NAMESPACE,
        replicas=2,
        ready=0,
        created=clock.ago(minutes=MINUTES),
        timed_out=clock.ago(minutes=MINUTES - 10),
    )
    middle = replica_set(top)
    cluster.add(top, middle)
    # As containerd's resolver answers (kubernetes `pkg/kubelet/images/image_manager.go` puts the frame around it).
    refusal = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}": '
        f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
    )
    for bound in owned_pods(cluster, middle, SERVE[4:], minutes=MINUTES):
        item = waiting(
            bound,
            "ImagePullBackOff",
            f'Back-off pulling image "{IMAGE}": ErrImagePull: {refusal}',
            since=clock.ago(minutes=MINUTES),
        )
        cluster.add(item, scheduled(cluster, item, minutes=MINUTES))
        first = MINUTES - 0.1
        for reason, words, count, last, warning in (
            ("Pulling", f'Pulling image "{IMAGE}"', 10, 4.6, False),
            ("Failed", f'Failed to pull image "{IMAGE}": {refusal}', 10, 4.6, True),
            ("Failed", "Error: ErrImagePull", 10, 4.6, True),
            ("BackOff", f'Back-off pulling image "{IMAGE}"', 128, 0.6, False),
            ("Failed", "Error: ImagePullBackOff", 128, 0.6, True),
        ):
            kubelet_says(cluster, item, reason, words, minutes=last, first=first, count=count, warning=warning)
