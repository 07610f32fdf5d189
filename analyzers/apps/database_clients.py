"""What clients of databases say when they are refused: APP131 to APP133."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
CORRECT = Remedy(text="correct user and password in the Secret that the container reads, and restart it")

DATABASES = signatures(
    "database clients",
    origin="PostgreSQL src/backend/libpq/auth.c and postmaster; MySQL share/messages_to_clients.txt",
    exclusive=True,
    any_program=True,
    rows=(
        Signature(
            "APP131",
            "database-credentials-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="password authentication failed for user",
            pattern=r"password authentication failed for user \"(?P<user>[^\"\n]{1,63})\"",
            summary="the database refuses the password of user {user} (password authentication failed)",
            remedies=(CORRECT,),
            means="PostgreSQL knows the user, or does not, and refuses the password.",
        ),
        Signature(
            "APP132",
            "database-credentials-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Access denied for user",
            pattern=r"Access denied for user '(?P<user>[^'\n]{1,63})'@'(?P<host>[^'\n]{1,255})'",
            summary="the database refuses user {user} from {host} (Access denied)",
            remedies=(CORRECT,),
            means="MySQL refuses the user's password, or the user from this host.",
        ),
        Signature(
            "APP133",
            "database-connections-exhausted",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="connection",
            pattern=r"(?P<why>[Tt]oo many (?:client )?connections|too many clients already|remaining connection slots"
            r" are reserved)",
            summary="the database has no connection left ({why})",
            remedies=(
                Remedy(text="lower the number of replicas or the size of their connection pools"),
                Remedy(text="put a pooler in front of the database, or raise its max_connections", who="platform"),
            ),
            means="The database serves as many connections as it may.",
        ),
    ),
)
