"""What Feast's operator says of a feature store that it does not deploy: STO301."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

FEAST = signatures(
    "Feast",
    origin="feast-dev/feast infra/feast-operator internal/controller/services/repo_config.go",
    rows=(
        Signature(
            "STO301",
            "feast-secret-key-missing",
            on=On.CONDITION,
            question=Question.READY,
            explains=("custom-resource-not-ready",),
            reasons=("FeatureStoreFailed",),
            literal="doesn't exist in secret",
            pattern=r"(?P<said>secret key (?P<key>[\w.-]{1,253}) doesn't exist in secret (?P<secret>[\w.-]{1,253}))",
            root="member",
            summary="one of its stores needs a key that its Secret does not have (FeatureStoreFailed: {said})",
            means="The operator reads a store's settings from a Secret, under the name of the store's type or under "
            "secretKeyName. Until the key is there it makes or changes no Deployment.",
            remedies=(
                Remedy(text="see which keys Secret {secret} has, in the namespace of the FeatureStore"),
                Remedy(text="name a key that Secret {secret} has in secretKeyName of the store's persistence"),
                Remedy(text="or add the key {key} with the settings of the store to Secret {secret}"),
            ),
        ),
    ),
)
