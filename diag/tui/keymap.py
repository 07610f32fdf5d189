"""Keys as a person chose them: by the ids of the registry, checked before the screen is taken."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from diag.config import Setting
from diag.errors import ConfigError
from diag.tui.actions import ACTIONS, Action, collisions


def chosen(keymap: Mapping[str, Setting]) -> tuple[Action, ...]:
    """The registry with the keys of a keymap. Raises ConfigError for an unknown id and for a key with two meanings."""
    known = {one.id for one in ACTIONS}
    for name, setting in keymap.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/tui.md lists the ids"
            raise ConfigError(f"{setting.origin}: there is no action {name}", hint=hint)
    actions = tuple(replace(one, keys=_keys(keymap[one.id])) if one.id in keymap else one for one in ACTIONS)
    for key, first, second in collisions(actions):
        origin = (keymap.get(first) or keymap[second]).origin
        raise ConfigError(
            f"{origin}: the key {key} would mean {first} and {second}", hint="give one of them another key"
        )
    return actions


def _keys(setting: Setting) -> str:
    """Keys in Textual's names, so that `?` may be written for `question_mark`."""
    from textual.keys import _character_to_key  # noqa: PLC0415  # what Textual itself reads keymaps with

    words = [word.strip() for word in str(setting.value).split(",")]
    if not all(words):
        raise ConfigError(f"{setting.origin}: no key is named", hint='write it as "x" or "x,ctrl+e"')
    return ",".join(_character_to_key(word) if len(word) == 1 else word for word in words)
