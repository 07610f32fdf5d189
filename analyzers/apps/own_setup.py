"""What programs say that stop for their own set-up: variables, arguments, text, certificates: APP411 to APP429."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
RUNS_OR_NOT = (*CRASHED, "container-not-ready")
# A program that goes on without the variable says so in the same line.
GOES_ON = (
    r"^(?!.*(?i:\b(?:default(?:s|ing)?|warn(?:ing)?|ignor(?:ed|ing)|optional|skipped|skipping|fall(?:s|ing)? back)\b))"
)
NAME = r"[A-Z][A-Z0-9_]{1,99}"
ARGUMENTS = Beside(args=r"^-")
SET_IT = Remedy(
    text="set {variable} in env of the container, or in the ConfigMap or Secret that envFrom names",
    risk="disruptive",
)
CORRECT = Remedy(text="correct it in args or in the ConfigMap that the container reads", risk="disruptive")

SETUP = signatures(
    "applications' own set-up",
    origin="CPython os and argparse, bash and dash, Go flag, spf13/pflag, clap, MySQL, PostgreSQL, Redis, OpenSSL",
    exclusive=True,
    any_program=True,
    rows=(
        Signature(
            "APP411",
            "env-var-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="KeyError: ",
            pattern=rf"(?:^|\s)KeyError: '(?P<variable>{NAME})'$",
            # os.environ raises the error itself, so that the frame above it is one of the library's.
            second=r"os\.environ\[|<frozen os>|/os\.py\", line \d+, in __getitem__",
            summary="it needs the environment variable {variable}, which is not set (KeyError)",
            remedies=(SET_IT,),
            means="A Python program reads a variable of its environment that nobody gave to the container.",
            source="python/cpython Lib/os.py (_Environ.__getitem__)",
        ),
        Signature(
            "APP412",
            "env-var-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="nvironment variable",
            pattern=GOES_ON + r".*[Ee]nvironment variables?:?\s+(?:named\s+)?[`'\"$]?"
            rf"(?P<variable>{NAME})[`'\"]?,?\s+"
            r"(?:(?:is|was|must be|has|has to be|needs to be|should be)\s+)?"
            r"(?:not (?:been )?(?:set|found|defined|provided)|unset|undefined|missing|required|mandatory|empty|set\b)",
            summary="it needs the environment variable {variable}, which is not set",
            remedies=(SET_IT,),
            means="The program names a variable of its environment without which it does not start.",
        ),
        Signature(
            "APP413",
            "env-var-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="nvironment variable",
            pattern=GOES_ON + r".*(?i:missing|required|undefined|unset|no such|must (?:set|provide))"
            rf" (?:the )?(?:required )?[Ee]nvironment variables?:?\s+[`'\"$]?(?P<variable>{NAME})\b",
            summary="it needs the environment variable {variable}, which is missing",
            remedies=(SET_IT,),
            means="The program names a variable of its environment without which it does not start.",
        ),
        Signature(
            "APP414",
            "env-var-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal=": ",
            pattern=rf"(?:^|\s)(?P<variable>{NAME}): (?P<said>unbound variable|parameter (?:null or )?not set)$",
            summary="it needs the variable {variable}, which is not set ({said})",
            remedies=(SET_IT,),
            means="A shell (`set -u`, `${NAME:?}`) stops at a variable that nobody set.",
            source="bash variables.c, dash src/expand.c",
        ),
        Signature(
            "APP415",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="argument",
            pattern=r"(?:^|\s)error: (?P<what>unrecognized arguments: .{1,200}|argument [^\s:]{1,100}: .{1,200}"
            r"|the following arguments are required: .{1,200}"
            r"|(?:unexpected|Found) argument '[^'\n]{1,200}'.{0,100}|(?:unknown|invalid) argument: -[^\n]{1,120}"
            r"|the following required arguments were not provided.{0,100})",
            summary="it refuses its command line ({what})",
            remedies=(CORRECT,),
            beside=ARGUMENTS,
            means="The program does not know an argument that it is given, lacks one, or does not take its value.",
            source="python/cpython Lib/argparse.py, clap-rs/clap, ggml-org/llama.cpp common/arg.cpp",
        ),
        Signature(
            "APP416",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="flag",
            pattern=r"(?P<what>flag provided but not defined: -\S{1,100}|unknown (?:shorthand )?flag: .{1,120}"
            r"|invalid (?:boolean )?value \"[^\"\n]{0,120}\" for (?:flag )?-\S{1,100}.{0,120}"
            r"|invalid argument \"[^\"\n]{0,120}\" for \"[^\"\n]{1,120}\" flag.{0,120})",
            summary="it refuses its command line ({what})",
            remedies=(CORRECT,),
            beside=ARGUMENTS,
            means="The program does not know a flag that it is given, or does not take its value.",
            source="golang/go src/flag/flag.go, spf13/pflag flag.go and errors.go",
        ),
        Signature(
            "APP417",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="option",
            pattern=r"(?P<what>\b(?:unrecognized|unknown) option:? ['`\"]?-{1,2}[\w-]{1,100}"
            r"|\b(?:invalid|illegal) option -- ['`]?\w|No such option:? ['\"]?-{1,2}[\w-]{1,100})",
            summary="it refuses its command line ({what})",
            remedies=(CORRECT,),
            beside=ARGUMENTS,
            means="The program does not know an option that it is given.",
            source="glibc posix/getopt.c, pallets/click src/click/exceptions.py",
        ),
        Signature(
            "APP423",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="nvalid value for",
            pattern=r"Error: (?P<what>Invalid value for '?[^\n:]{1,120}: [^\n]{1,200})",
            summary="it refuses its command line ({what})",
            remedies=(CORRECT,),
            beside=ARGUMENTS,
            means="The program does not take the value of an option.",
            source="pallets/click src/click/exceptions.py",
        ),
        Signature(
            "APP427",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="validation error",
            pattern=r"(?P<what>\d{1,4} validation errors? for \w{0,40}(?:Settings|Config)\b[^\n]{0,60})",
            summary="it refuses its settings ({what})",
            remedies=(
                Remedy(
                    text="correct or set the fields that the lines below name: in env, in args, or in the ConfigMap",
                    risk="disruptive",
                ),
            ),
            means="The settings that the program reads from its environment or a file are incomplete or of a wrong"
            " type.",
            source="pydantic/pydantic-core src/errors/validation_exception.rs, pydantic/pydantic-settings",
        ),
        Signature(
            "APP418",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="onfig",
            pattern=GOES_ON + r".*(?P<what>(?i:\b(?:errors?|failed|unable|cannot|could not|invalid)\b[^\n]{0,60}"
            r"\bconfig(?:uration)?\b(?!\.json)[^\n]{0,200}"
            r"(?:yaml: |toml: |unmarshal|unknown field|parse error|cannot parse|strict decoding|invalid character"
            r"|unknown (?:key|variable|setting))[^\n]{0,200})|unrecognized configuration parameter \"[^\"\n]{1,100}\")",
            summary="it refuses its configuration ({what})",
            remedies=(CORRECT,),
            means="The program reads its configuration and does not take what stands there.",
        ),
        Signature(
            "APP424",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="yaml",
            pattern=GOES_ON + r".*(?P<what>\byaml: (?:line \d{1,6}: |unmarshal errors?:)[^\n]{0,200}"
            r"|\byaml\.(?:scanner|parser|constructor)\.\w{5,20}Error: [^\n]{0,200})",
            summary="it cannot read a file of its set-up ({what})",
            remedies=(CORRECT,),
            means="A YAML file that the program reads as it starts has an error, or a field that it does not know.",
            source="go-yaml/yaml yaml.go, decode.go; yaml/pyyaml lib/yaml/error.py",
        ),
        Signature(
            "APP419",
            "app-config-rejected",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="un",
            pattern=r"(?P<what>\[emerg\] [^\n]{0,40}unknown directive \"[^\"\n]{1,100}\" in [^\s]{1,200}"
            r"|\[ERROR\] [^\n]{0,60}unknown variable '[^'\n]{1,200}')",
            summary="it refuses its configuration ({what})",
            remedies=(CORRECT,),
            means="The server finds a setting in its configuration file that it does not know.",
            source="nginx/nginx src/core/ngx_conf_file.c, mysql/mysql-server mysys/my_getopt.cc",
        ),
        Signature(
            "APP420",
            "env-var-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="required key",
            pattern=rf"required key (?P<variable>{NAME}) missing value",
            summary="it needs the environment variable {variable}, which is not set (missing value)",
            remedies=(SET_IT,),
            means="A Go program reads its settings from the environment and lacks one.",
            source="kelseyhightower/envconfig envconfig.go",
        ),
        Signature(
            "APP421",
            "script-syntax-error",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="yntax error",
            pattern=r"(?P<what>[^\s:]{0,100}:? ?(?:line )?\d{1,6}: (?:[^\s:]{0,60}: )?(?i:syntax error):? "
            r"(?:near unexpected token|unexpected end of file|(?:\S{1,40}|end of file) unexpected"
            r"|unterminated|missing)[^\n]{0,80})",
            summary="its shell cannot read the script ({what})",
            remedies=(
                Remedy(text="correct the script, and try it with `sh -n` or `bash -n` first"),
                Remedy(text="run it with the shell that it was written for", when="dash or busybox runs a bash script"),
            ),
            beside=Beside(args=r"\n"),
            means="The text that the container's shell is given has a syntax error.",
            source="bash parse.y, dash src/parser.c, busybox shell/ash.c",
        ),
        Signature(
            "APP422",
            "script-syntax-error",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="Error: ",
            # JSON.parse of Node raises a SyntaxError over data.
            pattern=r"(?:^|\s)(?P<what>(?:SyntaxError|IndentationError|TabError): (?!.*\bJSON\b)[^\n]{1,160})",
            summary="its interpreter cannot read the program ({what})",
            remedies=(
                Remedy(text="correct the program at the place that the lines above name"),
                Remedy(
                    text="run it with the version of the interpreter that it was written for", when="it runs elsewhere"
                ),
            ),
            means="The program's text has a syntax error, or is of a newer version than the interpreter of the image.",
            source="python/cpython Parser, nodejs/node",
        ),
        Signature(
            "APP425",
            "tls-certificate-expired",
            on=On.LOG,
            question=Question.STARTED,
            explains=RUNS_OR_NOT,
            literal="ertificate",
            # "is not yet valid" with "is before" is a clock that is wrong, not a certificate.
            pattern=r"^(?!.*\bis before\b).*(?P<what>(?i:certificate (?:has |is )expired)[^\n]{0,120}"
            r"|CertificateExpiredException[^\n]{0,120}|invalid peer certificate: [Ee]xpired[^\n]{0,80})",
            summary="a certificate that it relies on has expired ({what})",
            remedies=(
                Remedy(
                    text="look when the certificate of the address that the log names ends, and who renews it",
                    who="platform",
                    command="kubectl get certificates -A",
                    when="cert-manager renews it",
                ),
                Remedy(
                    text="renew the certificate, and restart what holds the old one", who="platform", risk="disruptive"
                ),
            ),
            means="A certificate is beyond its last day: of a server that the program calls, or its own.",
            source="golang/go src/crypto/x509/verify.go, openssl crypto/x509/x509_txt.c, OpenJDK, rustls",
        ),
        Signature(
            "APP426",
            "tls-certificate-expired",
            on=On.LOG,
            question=Question.STARTED,
            explains=RUNS_OR_NOT,
            literal="CERT_HAS_EXPIRED",
            pattern=r"CERT_HAS_EXPIRED",
            summary="a certificate that it relies on has expired (CERT_HAS_EXPIRED)",
            remedies=(Remedy(text="renew the certificate of the server that the log names", who="platform"),),
            means="Node refuses a server whose certificate is beyond its last day.",
            source="nodejs/node src/crypto (X509_V_ERR_CERT_HAS_EXPIRED)",
        ),
        Signature(
            "APP428",
            "database-read-only",
            on=On.LOG,
            question=Question.STARTED,
            explains=RUNS_OR_NOT,
            literal="read-only",
            pattern=r"(?P<what>cannot execute [A-Z ]{2,40} in a read-only transaction"
            r"|running with the --(?:super-)?read-only option[^\n]{0,60})",
            summary="the database takes no writes ({what})",
            remedies=(
                Remedy(text="let the program write to the primary: the address may lead to a replica"),
                Remedy(
                    text="take the read-only mode off the primary once its cause (full disk, failover) is gone",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            means="The server that answers is a replica, or was set to read-only by a person or a failover.",
            source="PostgreSQL src/backend/tcop/utility.c, MySQL share/messages_to_clients.txt (1290)",
        ),
        Signature(
            "APP429",
            "database-read-only",
            on=On.LOG,
            question=Question.STARTED,
            explains=RUNS_OR_NOT,
            literal="READ",
            pattern=r"(?P<what>READONLY You can't write against a read only replica"
            r"|Cannot execute statement in a READ ONLY transaction)",
            summary="the database takes no writes ({what})",
            remedies=(Remedy(text="let the program write to the primary: the address may lead to a replica"),),
            means="The server that answers is a replica, or the transaction was opened to read only.",
            source="redis/redis src/server.c, MySQL share/messages_to_clients.txt (1792)",
        ),
    ),
)
