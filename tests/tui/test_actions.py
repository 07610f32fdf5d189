"""One registry of actions."""

from pathlib import Path

from textual.binding import Binding

from diag.tui.actions import ACTIONS, SCREENS, bindings, collisions, documented
from diag.tui.app import DiagApp
from diag.tui.screens import MADE
from diag.tui.table import VirtualTable


def test_no_key_means_two_things_at_one_place():
    assert list(collisions()) == []


def test_ids_are_unique_and_every_action_has_words():
    assert len({one.id for one in ACTIONS}) == len(ACTIONS)
    assert all(one.label and one.help.endswith(".") for one in ACTIONS)


def test_every_action_is_there():
    for one in ACTIONS:
        name = one.does.partition("(")[0].removeprefix("app.")
        owner = DiagApp if one.context == "app" else VirtualTable

        assert hasattr(owner, f"action_{name}"), one.id


def test_bindings_carry_the_ids_that_a_keymap_names():
    assert {each.id for each in bindings("app") if isinstance(each, Binding)} == {
        one.id for one in ACTIONS if one.context == "app"
    }


def test_every_screen_of_the_registry_can_be_made():
    assert {name for name, _ in SCREENS.values()} == {"causes", *MADE}


def test_the_page_lists_every_action():
    assert all(one.id in documented() for one in ACTIONS)
    page = Path(__file__).parents[2] / "docs" / "tui.md"
    assert documented() in page.read_text(encoding="utf-8")
