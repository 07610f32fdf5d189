"""Seven failing workloads with twenty pods, whatever the size of the cluster."""  # noqa: INP001 - a folder of scripts

from collections.abc import Iterator
from dataclasses import dataclass, field

from cluster import CLOCK, Cluster
from shapes import server_spec, trainer_spec

from diag.testing import (
    Object,
    container,
    crashing,
    deployment,
    event,
    job,
    name_of,
    namespace_of,
    pod,
    pod_spec,
    pvc,
    replica_set,
    stateful_set,
    suffix,
    unschedulable,
    waiting,
)

PODS = 20
SINCE = CLOCK.ago(minutes=25)
LAST = CLOCK.ago(minutes=1)


@dataclass(slots=True)
class Failing:
    """What fails, gathered while its objects are yielded."""

    cluster: Cluster
    roots: list[Object] = field(default_factory=list)

    def items(self) -> Iterator[Object]:
        """All objects of the seven workloads; those that wait for the scheduler come last, when all else is placed."""
        yield from self._image_not_found()
        yield from self._out_of_memory()
        yield from self._config_missing()
        yield from self._storage_class_missing()
        yield from self._untolerated()
        yield from self._job("gpu-request-exceeds-any-node", "vit-giant", "vision-train", trainer_spec(gpus=16))
        b200 = trainer_spec(node_selector={"nvidia.com/gpu.product": "NVIDIA-B200"})
        yield from self._job("gpu-product-not-present", "conformer-b200", "speech-train", b200)

    def _root(self, cause: str, root: Object, pods: list[Object]) -> None:
        where = {"kind": root["kind"], "namespace": namespace_of(root), "name": name_of(root)}
        self.roots.append({"cause": cause, "root_object": where, "pods": sorted(map(name_of, pods))})

    def _pods(self, owner: Object, count: int, pool: str = "", gpus: int = 0) -> list[Object]:
        template, name = owner["spec"]["template"], name_of(owner)
        pods = []
        for index in range(count):
            node = ""
            if pool:
                node = self.cluster.next_node_with(pool, gpus)
                self.cluster.room.take(node, template["spec"])
            pods.append(
                pod(
                    f"{name}-{suffix('failing', name, str(index))}",
                    template["spec"],
                    namespace=namespace_of(owner),
                    created=SINCE,
                    node=node,
                    labels=template["metadata"]["labels"],
                    owner=owner,
                )
            )
        return pods

    def _deployment(self, name: str, space: str, spec: Object, replicas: int) -> tuple[Object, Object]:
        late = CLOCK.ago(minutes=15)
        top = deployment(name, spec, namespace=space, replicas=replicas, ready=0, created=SINCE, timed_out=late)
        return top, replica_set(top)

    def _image_not_found(self) -> Iterator[Object]:
        image = "registry.example.com/codegen/starcoder-serve:v1.12.0-cu13"
        top, middle = self._deployment("completion", "codegen-prod", server_spec("completion", "a10g", image=image), 3)
        refusal = (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
            f'failed to resolve reference "{image}": {image}: not found'
        )
        words = f'Back-off pulling image "{image}": ErrImagePull: {refusal}'
        pods = [waiting(p, "ImagePullBackOff", words, since=SINCE) for p in self._pods(middle, 3, "a10g", 1)]
        yield from (top, middle, *pods)
        for item in pods:
            yield _kubelet(item, "Failed", f'Failed to pull image "{image}": {refusal}', count=7)
            yield _kubelet(item, "Failed", "Error: ErrImagePull", count=7)
            yield _kubelet(item, "Failed", "Error: ImagePullBackOff", count=94)
        self._root("image-not-found", top, pods)

    def _out_of_memory(self) -> Iterator[Object]:
        top, middle = self._deployment("gnn-scorer", "fraud-prod", server_spec("gnn-scorer", "a10g"), 3)
        words = (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of "
            "22.06 GiB of which 1.21 GiB is free. Including non-PyTorch memory, this process has 20.85 GiB memory "
            "in use.\n"
        )
        ended = {"exitCode": 1, "reason": "Error", "message": words, "startedAt": LAST, "finishedAt": LAST}
        pods = [
            crashing(p, since=LAST, restarts=8, back_off="5m0s", terminated=ended)
            for p in self._pods(middle, 3, "a10g", 1)
        ]
        yield from (top, middle, *pods)
        for item in pods:
            who = f"server in pod {name_of(item)}_fraud-prod({item['metadata']['uid']})"
            yield _kubelet(item, "BackOff", f"Back-off restarting failed container {who}", count=80)
        self._root("cuda-out-of-memory", top, pods)

    def _config_missing(self) -> Iterator[Object]:
        source = [{"configMapRef": {"name": "tile-render-config"}}]
        app = container("app", "registry.example.com/maps/tile:6.1", cpu="250m", memory="512Mi", envFrom=source)
        top, middle = self._deployment("tile-render", "maps-prod", pod_spec(app), 2)
        words = 'configmap "tile-render-config" not found'
        pods = [waiting(p, "CreateContainerConfigError", words, since=SINCE) for p in self._pods(middle, 2, "general")]
        yield from (top, middle, *pods)
        for item in pods:
            yield _kubelet(item, "Failed", f"Error: {words}", count=110)
        self._root("configmap-missing", top, pods)

    def _storage_class_missing(self) -> Iterator[Object]:
        name, space = "ann-index", "search-prod"
        claim = pvc(f"idx-{name}-0", namespace=space, storage_class="gp3-fast", bound=False, created=SINCE)
        template = {"metadata": {"name": "idx"}, "spec": claim["spec"]}
        index = container("index", "registry.example.com/search/ann:2.4", cpu="1", memory="4Gi")
        top = stateful_set(name, pod_spec(index), namespace=space, ready=0, created=SINCE, claims=(template,))
        volume = {"name": "idx", "persistentVolumeClaim": {"claimName": name_of(claim)}}
        labels = top["spec"]["template"]["metadata"]["labels"]
        spec = pod_spec(index, volumes=[volume])
        item = pod(f"{name}-0", spec, namespace=space, created=SINCE, labels=labels, owner=top)
        nodes = len(self.cluster.nodes)
        words = f"0/{nodes} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
        refused = unschedulable(item, words, since=SINCE)
        missing = 'storageclass.storage.k8s.io "gp3-fast" not found'
        yield from (claim, top, refused, _scheduler(refused, words))
        yield event(
            claim,
            "ProvisioningFailed",
            missing,
            first=SINCE,
            last=LAST,
            count=95,
            warning=True,
            component="persistentvolume-controller",
        )
        self._root("pvc-storageclass-missing", top, [refused])

    def _untolerated(self) -> Iterator[Object]:
        server = container("server", "registry.example.com/ml/vllm-openai:v0.12.0", cpu="2", memory="16Gi", gpus=1)
        spec = pod_spec(server, node_selector={"nvidia.com/gpu.present": "true"})
        top, middle = self._deployment("chat-draft", "chat-prod", spec, 3)
        yield from (top, middle)
        yield from self._refused("untolerated-taint", top, self._pods(middle, 3), spec)

    def _job(self, cause: str, name: str, space: str, spec: Object) -> Iterator[Object]:
        top = job(name, spec, namespace=space, parallelism=4, ready=0, created=SINCE)
        yield top
        yield from self._refused(cause, top, self._pods(top, 4), spec)

    def _refused(self, cause: str, top: Object, pods: list[Object], spec: Object) -> Iterator[Object]:
        words = self.cluster.room.sentence(spec)
        for item in pods:
            self.cluster.ask(item)
            refused = unschedulable(item, words, since=SINCE)
            yield refused
            yield _scheduler(refused, words)
        self._root(cause, top, pods)


def _scheduler(item: Object, words: str) -> Object:
    times = {"first": SINCE, "last": LAST}
    return event(item, "FailedScheduling", words, **times, count=12, warning=True, component="default-scheduler")


def _kubelet(item: Object, reason: str, words: str, *, count: int) -> Object:
    main, node = item["spec"]["containers"][0]["name"], item["spec"]["nodeName"]
    times = {"first": SINCE, "last": LAST}
    return event(item, reason, words, **times, count=count, warning=True, host=node, container=main)
