"""Configuration: where it is found, what it says, and where each value came from.

First wins: a typed flag, a profile of the context, `DIAG_*`, `./diag.toml` or `[tool.diag]` of `./pyproject.toml`, the
user's `config.toml`, the default. Files are validated only when there are any.
"""

import datetime as dt
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diag.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A finding that the user accepts. `rule` and `subject` are globs; after the day `until` it no longer counts."""

    rule: str
    subject: str = "*"  # namespace/name, name or kind/namespace/name
    reason: str = ""
    until: dt.date | None = None
    origin: str = ""  # file and line

    def ended(self, today: dt.date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today > self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of a file, and the place that it came from."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the files say, by setting (a flag's long name with underscores)."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    ignores: tuple[Ignore, ...] = ()
    theme: str = ""
    keymap: Mapping[str, Setting] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    def profile(self, contexts: Iterable[str]) -> Mapping[str, Setting]:
        """The settings of the first profile whose pattern one of the contexts matches."""
        names = list(contexts)
        for pattern, settings in self.profiles.items():
            if any(fnmatchcase(name, pattern) for name in names):
                return settings
        return {}


def user_folder(env: Mapping[str, str] = os.environ) -> Path:
    """The user's configuration folder; `DIAG_CONFIG_DIR` overrides what the system says."""
    if chosen := env.get("DIAG_CONFIG_DIR"):
        return Path(chosen)
    import platformdirs  # noqa: PLC0415  # --help needs no folders

    return Path(platformdirs.user_config_dir("diag", appauthor=False))


def places(folder: Path | None = None, env: Mapping[str, str] = os.environ) -> list[Path]:
    """Where files are looked for, the strongest first; `folder` is the working directory."""
    here = folder or Path()
    return [here / "diag.toml", here / "pyproject.toml", user_folder(env) / "config.toml"]


def load(folder: Path | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """Everything that the files say. Raises ConfigError with file, line and the nearest key."""
    own, project, user = places(folder, env)
    # A pyproject.toml counts only where there is no diag.toml: one project, one place.
    found = [each for each in (_read(own) or _read(project, ("tool", "diag")), _read(user)) if each]
    settings: dict[str, Setting] = {}
    profiles: dict[str, dict[str, Setting]] = {}
    ignores: list[Ignore] = []
    theme, keymap = "", dict[str, Setting]()
    for source in found:
        checked = _checked(source)
        settings = source.settings(checked, ()) | settings
        for pattern, values in checked.get("context", {}).items():
            profiles[pattern] = source.settings(values, ("context", pattern)) | profiles.get(pattern, {})
        tui = checked.get("tui") or {}
        theme = theme or tui.get("theme") or ""
        keymap = {
            name: Setting(value=keys, origin=source.origin(("tui", "keymap", name)))
            for name, keys in tui.get("keymap", {}).items()
        } | keymap
        ignores += [
            Ignore(**entry, origin=source.origin(("ignore", at))) for at, entry in enumerate(checked.get("ignore", ()))
        ]
    return Config(
        settings=settings, profiles=profiles, ignores=tuple(ignores), theme=theme, keymap=keymap,
        files=tuple(source.path for source in found),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One file that was found: its text, and the table in it that is ours."""

    path: Path
    prefix: tuple[str, ...]
    text: str
    table: dict[str, Any]

    def origin(self, keys: Sequence[str | int]) -> str:
        line = line_of(self.text, (*self.prefix, *keys))
        return f"{self.path}:{line}" if line else str(self.path)

    def settings(self, values: Mapping[str, Any], under: Sequence[str]) -> dict[str, Setting]:
        plain = {key: value for key, value in values.items() if key not in ("ignore", "context", "tui")}
        return {
            key.replace("-", "_"): Setting(value=value, origin=self.origin((*under, key)))
            for key, value in plain.items()
        }


def _read(path: Path, prefix: tuple[str, ...] = ()) -> _Source | None:
    try:
        text = path.read_text(encoding="utf-8")
        table: Any = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}", hint="mend the file, or move it away") from error
    except ValueError as error:  # what TOML itself finds wrong, and numbers with thousands of digits
        if prefix and f"[{'.'.join(prefix)}" not in text:
            return None  # somebody else's broken file says nothing about us
        raise ConfigError(f"{path} is no TOML: {error}", hint="mend the line that it names") from error
    for key in prefix:
        table = table.get(key) if isinstance(table, dict) else None
    if prefix and table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {'.'.join(prefix)} is no table", hint="write [tool.diag]")
    return _Source(path=path, prefix=prefix, text=text, table=table)


def _checked(source: _Source) -> dict[str, Any]:
    from pydantic import ValidationError  # noqa: PLC0415  # only with a file

    from diag.config_model import File  # noqa: PLC0415

    try:
        checked = File.model_validate(source.table)
    except ValidationError as error:
        raise _complaint(source, error) from error
    values: dict[str, Any] = checked.model_dump(by_alias=True, exclude_unset=True)
    return values


def _complaint(source: _Source, error: "ValidationError") -> ConfigError:
    """The first thing that is wrong, with its place and what was probably meant."""
    # A misspelt key is also a missing one; what stands there is more use than what does not.
    first = min(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
    keys = first["loc"]
    where, key = source.origin(keys), ".".join(map(str, keys))
    if first["type"] == "extra_forbidden":
        known = _known_keys(keys)
        near = get_close_matches(str(keys[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
        return ConfigError(f"{where}: unknown key {key}", hint=hint)
    if first["type"] == "missing":
        return ConfigError(f"{where}: {key} is missing", hint="every [[ignore]] needs a rule and a reason")
    return ConfigError(f"{where}: {key}: {first['msg']}", hint="`diag config schema` lists what each key takes")


def _known_keys(keys: Sequence[str | int]) -> list[str]:
    from diag.config_model import keys_of  # noqa: PLC0415  # only to complain

    return keys_of(str(keys[0]) if len(keys) > 1 else "")


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line on which a key stands, from 1; that of its table when the key itself has none (it is missing)."""
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    best, depth = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            names = _names(stripped.split("#")[0].strip())
            table = names
            if stripped.startswith("[["):
                counts[names] = counts.get(names, -1) + 1
                table = (*names, counts[names])
            here = table
        elif "=" in stripped and not stripped.startswith("#"):
            here = (*table, *_names(f"[{stripped.partition('=')[0].strip()}]"))
        else:
            continue
        shared = len(here) if tuple(keys[: len(here)]) == here else 0
        if shared > depth:
            best, depth = number, shared
    return best


def _names(header: str) -> tuple[str, ...]:
    """The parts of a dotted key, as TOML itself reads them; empty for what is no key (a continued value)."""
    try:
        parsed: Any = tomllib.loads(header)
    except ValueError:
        return ()
    names: list[str] = []
    while isinstance(parsed, (dict, list)) and parsed:
        parsed = parsed[0] if isinstance(parsed, list) else parsed
        if not parsed:
            break
        name = next(iter(parsed))
        names.append(name)
        parsed = parsed[name]
    return tuple(names)


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file, for editors."""
    from diag.config_model import File  # noqa: PLC0415  # brings pydantic

    document: dict[str, Any] = File.model_json_schema(by_alias=True)
    return document
