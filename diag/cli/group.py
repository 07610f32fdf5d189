"""Commands that are imported when they are called, help that begins with examples, and hints for slips of the pen."""

import importlib
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Examples(click.Command):
    """A command whose help leads with examples. Its defaults come from the configuration files."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), configured: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", CONTEXT)
        super().__init__(*args, **kwargs)
        self.examples, self.configured = examples, configured

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples first: most people need no more."""
        format_examples(self.examples, ctx, formatter)
        super().format_help(ctx, formatter)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Reads the files only for a command that will run: help must work beside a broken file."""
        if self.configured and not {"-h", "--help"}.intersection(args):
            from diag import config  # noqa: PLC0415  # not for help

            found = config.load()
            extra["default_map"] = {self.param_named(key): each.value for key, each in found.settings.items()}
            extra["obj"] = found
        return super().make_context(info_name, args, parent, **extra)

    def param_named(self, setting: str) -> str:
        """The name of the parameter that a setting fills."""
        names = {each.name for each in self.params}
        return f"{setting}_" if f"{setting}_" in names else setting


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported when one of them is asked for.

    `lazy` maps a command's name to its module and its one-line help; `aliases` maps other names to it.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, tuple[str, str]],
        aliases: Mapping[str, str],
        examples: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy, self.aliases, self.examples = lazy, aliases, examples

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The commands in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """Imports the module of a command, whose `command` it is."""
        name = self.aliases.get(cmd_name, cmd_name)
        if name not in self.lazy:
            return None
        command: click.Command = importlib.import_module(self.lazy[name][0]).command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """The words of the table and their one-line help: completing a command imports none of them."""
        words = [
            CompletionItem(name, help=text) for name, (_, text) in self.lazy.items() if name.startswith(incomplete)
        ]
        return words + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint for a command that does not exist."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = get_close_matches(args[0], (*self.lazy, *self.aliases), n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"commands: {', '.join(self.lazy)}"
            raise click.UsageError(f"there is no command {args[0]!r}; {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples first, as for a command."""
        format_examples(self.examples, ctx, formatter)
        super().format_help(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """The table itself: listing commands imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy.items()])


def format_examples(examples: Sequence[str], ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Examples as they are typed, with the name under which this program was called, never wrapped."""
    if examples:
        named = (re.sub(r"\bdiag (?=\w)", f"{ctx.find_root().info_name} ", each) for each in examples)
        formatter.write("Examples:\n" + "".join(f"  {each}\n" for each in named) + "\n")
