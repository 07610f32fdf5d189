"""STO302: the database of a feature store's registry refuses the credentials that it is given."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts import custom_resources as facts
from diag.facts.entries import text
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

STORE = "FeatureStore"
# feast-dev/feast infra/feast-operator api/v1/featurestore_types.go; a registry of type sql is kept in a database.
WHERE = "services.registry.local.persistence.store"
SQL = "sql"
# PostgreSQL src/backend/libpq/auth.c; MySQL share/messages_to_clients.txt
REFUSED = re.compile(
    r"(?P<said>(?:password authentication failed for user \"|Access denied for user ')(?P<user>[^\"'\n]{1,63}))"
)
GROUPS = ("init-container-failing", "container-crashing")


@rule(
    "STO302",
    name="feast-registry-db-auth-failed",
    question=Question.STARTED,
    inputs=("Pod", "feast.dev/FeatureStore"),
    basis=Basis.SAID,
    refines=("database-credentials-rejected",),
)
def feast_registry_db_auth_failed(ctx: Context) -> Iterator[Finding]:
    """The feature store's registry database refuses the credentials.

    ## What it means
    `feast apply` and Feast's servers read the registry first. Its database refuses the user or the password, so none of
    them starts. The conditions Registry and OnlineStore of the FeatureStore only say that objects were made, and stay
    True.

    ## Why it happens
    The Secret with the registry's settings holds an old or wrong password, or the user does not exist in the database.

    ## Evidence
    The database's words in the log of Feast's container, the registry's store of type `sql` with its Secret in the
    FeatureStore, and what the operator's condition says.

    ## What to do
    Correct user and password under the store's key of that Secret.

    ## Known limits
    Secrets are never read. Where an offline or online store is a database as well, it may be that one which refuses.
    """
    for group in ctx.groups(*GROUPS):
        store = ctx.snap.find(group.workload)
        if store is None or store.kind != STORE:
            continue
        said = first_text(ctx, group, REFUSED, On.LOG)
        path = next((one for one in (f"spec.{WHERE}", f"status.applied.{WHERE}") if _is_sql(store, one)), None)
        if said is not None and path is not None:
            yield _finding(ctx, group, store, path, (said[0].cite(), said[1]["said"].rstrip("\"'")))


def _is_sql(store: Object, path: str) -> bool:
    return bool(value_at(store.whole, f"{path}.type") == SQL)


def _finding(ctx: Context, group: Group, store: Object, path: str, said: tuple[Evidence, str]) -> Finding:
    line, words = said
    secret = text(value_at(store.whole, f"{path}.secretRef.name"))
    proof: list[Evidence] = [ctx.cite(store, f"{path}.type")]
    proof += [ctx.cite(store, f"{path}.secretRef.name")] if secret else []
    ready = facts.told(store, STORE)
    if ready is not None and ready.status != "True":
        proof.append(ctx.cite_or_lack(store, f"{ready.path.rpartition('.')[0]}.reason"))
    named = f" from Secret {secret}" if secret else ""
    summary = f"the database of its registry refuses the credentials{named}: {words}"
    look = Remedy(
        text="see which keys the Secret of the registry has: they hold the stores' settings",
        command=f"kubectl describe secret {secret} -n {store.namespace}",
    )
    return Finding(
        subject=store.ref,
        summary=summary,
        evidence=as_proof((line, *proof, *group.evidence)),
        accounts_for=(Because(group, summary, (line, *proof)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            *([look] if secret else []),
            Remedy(
                text="correct user and password of the registry there, and restart the pods of the feature store",
                risk="disruptive",
            ),
        ),
    )
