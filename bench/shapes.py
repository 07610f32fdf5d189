"""Pod specs as large clusters have them: many variables, several volumes, probes, a sidecar."""  # noqa: INP001 - a folder of scripts

from cluster import POOL, TOLERATIONS

from diag.testing import Object, container, http_probe, pod_spec
from diag.testing.specs import SHARED_MEMORY, SHARED_MEMORY_MOUNT


def environment(name: str) -> dict[str, object]:
    """Fourteen variables, four of them references."""

    def field(path: str) -> Object:
        return {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}

    return {
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel-collector.monitoring.svc:4317",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.05",
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "json",
        "GOMEMLIMIT": "900MiB",
        "REGION": "north-1",
        "CLUSTER": "bench-01",
        "FEATURES_URL": "http://feature-store.platform.svc.cluster.local:8080/v2",
        "POD_IP": field("status.podIP"),
        "POD_NAME": field("metadata.name"),
        "NODE_NAME": field("spec.nodeName"),
        "MEM_LIMIT": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "0"}},
    }


def service_spec(name: str, version: str) -> Object:
    """A service with a mesh sidecar."""
    probe = http_probe("/healthz", 8080)
    config = {"name": "config", "readOnly": True, "mountPath": "/etc/app"}
    scratch = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - a path inside a container
    app = container(
        "app",
        f"registry.example.com/apps/{name}:{version}",
        cpu="100m",
        memory="256Mi",
        env=environment(name),
        port=8080,
        mounts=[config, scratch],
        livenessProbe={**probe, "periodSeconds": 15, "failureThreshold": 4},
        readinessProbe={**probe, "timeoutSeconds": 2, "periodSeconds": 5},
        startupProbe={**probe, "failureThreshold": 60},
        securityContext={
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
        },
    )
    proxy = container(
        "mesh-proxy",
        "registry.example.com/mesh/proxy:1.28.0",
        cpu="20m",
        memory="64Mi",
        env={"MESH_ID": "bench-01", "DISCOVERY_ADDRESS": "meshd.mesh-system.svc:15012"},
    )
    volumes = [
        {"name": "config", "configMap": {"name": "app-config", "defaultMode": 420}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
    ]
    spread = {
        "maxSkew": 3,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
    }
    return pod_spec(app, proxy, volumes=volumes, topologySpreadConstraints=[spread])


def server_spec(name: str, pool: str, *, image: str = "registry.example.com/ml/vllm-openai:v0.12.0") -> Object:
    """A model server on one GPU of a pool."""
    probe = http_probe("/health", 8000)
    server = container(
        "server",
        image,
        cpu="4",
        memory="24Gi",
        gpus=1,
        args=["--model", f"/models/{name}", "--tensor-parallel-size", "1", "--port", "8000"],
        env={"HF_HOME": "/cache/hf", "VLLM_LOGGING_LEVEL": "INFO", **environment(name)},
        port=8000,
        mounts=[SHARED_MEMORY_MOUNT],
        livenessProbe={**probe, "periodSeconds": 15, "failureThreshold": 4},
        readinessProbe={**probe, "timeoutSeconds": 2, "periodSeconds": 5},
        startupProbe={**probe, "failureThreshold": 60},
    )
    return pod_spec(server, volumes=[SHARED_MEMORY], node_selector={POOL: pool}, tolerations=TOLERATIONS)


def trainer_spec(*, gpus: int = 8, node_selector: dict[str, str] | None = None) -> Object:
    """A training process."""
    env = {"NCCL_DEBUG": "WARN", "NCCL_IB_HCA": "mlx5", "OMP_NUM_THREADS": "8", "WANDB_MODE": "offline"}
    process = container(
        "trainer",
        "registry.example.com/ml/torch-train:2.9.1-cu130",
        cpu="48",
        memory="400Gi",
        gpus=gpus,
        args=["torchrun", "--nproc-per-node", str(gpus), "train.py"],
        env={**env, **environment("trainer")},
        mounts=[SHARED_MEMORY_MOUNT],
    )
    return pod_spec(
        process,
        volumes=[SHARED_MEMORY],
        node_selector=node_selector,
        tolerations=TOLERATIONS,
        restart_policy="Never",
    )


def batch_spec(name: str) -> Object:
    """A step of a data pipeline."""
    step = container(
        "etl",
        "registry.example.com/data/etl:5.0.3",
        cpu="500m",
        memory="1Gi",
        args=["run", "--table", name, "--partition", "2026-10-06"],
        env=environment(name),
    )
    return pod_spec(step, restart_policy="Never")


def agent_spec(name: str, image: str, label: str) -> Object:
    """A DaemonSet's pod: on every node, or on nodes that carry an operand's label."""
    host = [{"name": "host", "hostPath": {"path": f"/var/lib/{name}", "type": "DirectoryOrCreate"}}]
    agent = container(
        name,
        image,
        cpu="20m",
        memory="64Mi",
        env={k: v for k, v in environment(name).items() if k in ("NODE_NAME", "POD_IP", "LOG_LEVEL")},
        mounts=[{"name": "host", "mountPath": f"/var/lib/{name}"}],
        securityContext={"privileged": True},
    )
    selector = {f"nvidia.com/gpu.deploy.{label}": "true"} if label else None
    tolerations = TOLERATIONS if label else [{"operator": "Exists"}]
    return pod_spec(
        agent,
        volumes=host,
        node_selector=selector,
        tolerations=tolerations,
        priority_class="system-node-critical",
        hostNetwork=True,
    )
