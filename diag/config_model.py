"""What a configuration file may hold. Imported only when a file was found or its schema is asked for."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Words = Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


def _kebab(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=_kebab, populate_by_name=False)


class Settings(_Table):
    """The keys of `diag.toml`: each is a flag's long name."""

    from_: Words | None = Field(None, description="what to read when no --from is given")
    demo: bool | None = Field(None, description="look at the built-in example")
    kubeconfig: str | None = Field(None, description="the file with contexts and credentials")
    as_: str | None = Field(None, description="act as this user")
    as_group: Words | None = Field(None, description="act as a member of these groups")
    request_timeout: str | None = Field(None, description="give up a request after this long, as 30s")
    timeout: str | None = Field(None, description="report what was read by then, as 2m")
    watch: bool | None = Field(None, description="go on watching, and print what changes")
    wait: str | None = Field(None, description="look until there is a cause, or this long, as 5m")
    all_resources: bool | None = Field(None, description="list also kinds that no rule reads")
    namespace: Words | None = Field(None, description="show symptoms of these namespaces only")
    all_namespaces: bool | None = Field(None, description="show symptoms of all namespaces")
    selector: str | None = Field(None, description="show symptoms of objects with these labels only")
    filter: Words | None = Field(None, description="show matching causes only")
    select: Words | None = Field(None, description="run these rules only: ids or names, with *")
    since: str | None = Field(None, description="show symptoms of this last stretch of time only, as 2h")
    now: str | None = Field(None, description="the time of the snapshot, RFC 3339")
    output: Words | None = Field(None, description="formats, each as FORMAT or FORMAT=PATH")
    limit: int | None = Field(None, ge=1, description="show this many causes")
    fail_on: Literal["error", "warning", "info", "never"] | None = Field(
        None, description="the severity that exits with 1"
    )
    baseline: str | None = Field(None, description="show what is new since this report")
    beside: str | None = Field(None, description="diag report: show this JSON of k8sgpt beside the causes")
    screen: str | None = Field(None, description="the screen that the TUI opens first, as gpus")
    plain: bool | None = Field(None, description="print the screen as lines of words instead of opening the TUI")
    strict: bool | None = Field(None, description="exit with 4 when something could not be checked")
    all: bool | None = Field(None, description="explain every cause")
    llm: str | None = Field(None, description="the model that explains: auto, off, local, a URL or provider:model")
    model: str | None = Field(None, description="the file or name of that model")
    language: str | None = Field(None, description="the language of its sentences, as de or pt-BR")
    show_prompt: bool | None = Field(None, description="print what a model would be sent, and send nothing")
    show_dropped: bool | None = Field(None, description="print sentences of a model that could not be proven")
    require_llm: bool | None = Field(None, description="exit with 5 where no model explained")
    llm_timeout: str | None = Field(None, description="give up a call of a model after this long, as 2m")
    llm_calls: int | None = Field(None, ge=0, description="ask models this often in a run at most")
    llm_tokens: int | None = Field(None, ge=0, description="spend this many tokens in a run at most")
    llm_price: str | None = Field(None, description="money for a million tokens in and out, as 0.15,0.60")
    llm_audit: str | None = Field(None, description="add a line for each question to this file")
    no_llm_cache: bool | None = Field(None, description="keep no answers of models")
    api_key_cmd: str | None = Field(None, description="a command that prints the key of a model; in your own file only")
    show_ignored: bool | None = Field(None, description="list what was ignored")
    share: bool | None = Field(None, description="write pseudonyms in place of names")
    quiet: bool | None = Field(None, description="no narration")
    verbose: int | None = Field(None, ge=0, le=2, description="more narration")
    color: Literal["auto", "always", "never"] | None = Field(None, description="when to use colour")
    ascii: bool | None = Field(None, description="draw with ASCII characters")
    width: int | None = Field(None, ge=20, description="cells of a line")
    max_bytes: str | int | None = Field(None, description="read at most this much, as 2Gi")
    max_objects: int | None = Field(None, ge=1, description="read at most this many objects")
    max_files: int | None = Field(None, ge=1, description="read at most this many files")
    max_ratio: int | None = Field(None, ge=1, description="read what expands to this many times its size")
    max_path: int | None = Field(None, ge=1, description="read members whose names have this many characters")
    max_log_bytes: str | int | None = Field(None, description="read the last bytes of each log, as 2Mi")


class IgnoreEntry(_Table):
    """One `[[ignore]]`: a finding that is known and accepted, until a date."""

    rule: str = Field(description="rule id or name, with *")
    subject: str = Field("*", description="namespace/name or kind/namespace/name, with *")
    reason: str = Field(min_length=1, description="why this is accepted")
    until: dt.date | None = Field(None, description="the last day on which it is accepted")


class Tui(_Table):
    """`[tui]`: how the TUI looks and which keys it takes."""

    theme: str | None = Field(None, description="its colours, as safe-dark; the palette (ctrl+p) lists all")
    keymap: dict[str, str] = Field(
        default_factory=dict, description='keys by the id of an action, as explain = "x,e"; docs/tui.md lists all'
    )


class File(Settings):
    """A whole file: the settings, accepted findings, and settings per context."""

    ignore: list[IgnoreEntry] = Field(default_factory=list)
    tui: Tui | None = Field(None, description="colours and keys of the TUI")
    context: dict[str, Settings] = Field(
        default_factory=dict, description='profiles by context or NAME of --from, as "prod-*"'
    )


def keys_of(table: str) -> list[str]:
    """The keys that a table knows: `ignore`, `context`, `tui`, or the file itself."""
    models: dict[str, type[_Table]] = {"ignore": IgnoreEntry, "context": Settings, "tui": Tui}
    return [each.alias or name for name, each in models.get(table, File).model_fields.items()]
