"""A small API server on loopback that serves any snapshot as a real one does: for tests of this and of other tools.

    from diag.testing.apiserver import ApiServer, kubeconfig

    with ApiServer(objects, logs={("ml/train-0", "main", False): "…"}) as server:
        config = kubeconfig(tmp_path / "config", {"gpu-cluster": server.url})
        ...
        assert all(request.method == "GET" for request in server.requests)

It knows discovery (aggregated and plain), lists in pages with continue tokens that expire, label and field selectors,
watches with bookmarks, logs, rights and their refusals, self-reviews, and faults on request. Its answers have the
shapes of a kube-apiserver v1.36, which tests hold it to with recordings of a real one. It does not know Table and
protobuf answers, server-side printing, or any writing verb.

    python -m diag.testing.apiserver objects.json.gz --kubeconfig /tmp/config
"""

from diag.testing.apiserver.access import EVERYTHING, Access, Rule
from diag.testing.apiserver.faults import Fault
from diag.testing.apiserver.handler import Request
from diag.testing.apiserver.kubeconfig import kubeconfig
from diag.testing.apiserver.server import ApiServer

__all__ = ["EVERYTHING", "Access", "ApiServer", "Fault", "Request", "Rule", "kubeconfig"]
