import pytest

from diag.facts.command_lines import effect


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pods -A --field-selector spec.nodeName=a -o wide",
        "kubectl -n ml describe pod a",
        "kubectl --context 'east 1' logs a -c main --previous",
        "kubectl get node a -o jsonpath='{.spec.a|.b}'",
        "kubectl get pods -A | grep Pending > pending.txt",
        "kubectl rollout status deployment/a",
        "kubectl auth can-i list pods",
        "kubectl label node a --list",
        "kubectl apply -f a.yaml --dry-run=server",
        "kubectl exec a -n ml -c main -- cat /etc/resolv.conf",
        "sysctl fs.inotify.max_user_instances",
        "sudo journalctl -u kubelet",
        "nvidia-smi -q -i 0",
        "systemctl status kubelet",
    ],
)
def test_a_command_that_only_looks(command):
    assert effect(command) == "looks"


@pytest.mark.parametrize(
    "command",
    [
        "kubectl scale deployment a --replicas=2",
        "kubectl -n ml rollout restart deployment a",
        "kubectl delete pod a -n ml",
        'kubectl patch pv a --type json -p \'[{"op":"remove"}]\'',
        "kubectl label node a b=c --overwrite",
        "kubectl taint node a b-",
        "kubectl cordon a",
        "kubectl uncordon a",
        "kubectl drain a --ignore-daemonsets",
        "kubectl edit pdb a",
        "kubectl annotate pod a b-",
        "kubectl create serviceaccount a",
        "kubectl set image deployment/a b=c",
        "kubectl get pods && kubectl delete pod a",
        "kubectl exec a -- rm -r /tmp/b",
        "sysctl --system",
        "sysctl -w fs.inotify.max_user_instances=8192",
        "systemctl restart kubelet",
        "helm upgrade a b",
    ],
)
def test_a_command_that_changes_something(command):
    assert effect(command) == "changes"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "kubectl",
        "kubectl -n ml",
        "kubectl exec a -it -- bash",
        "kubectl kueue list workloads",
        "kubectl get pods | xargs kubectl delete pod",
        "kubectl get 'pods",
        "nvidia-smi --gpu-reset -i 0",
        "vcctl queue operate",
    ],
)
def test_nobody_knows_what_other_commands_do(command):
    assert effect(command) is None
