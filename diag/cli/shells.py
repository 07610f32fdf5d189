"""What bash, zsh and fish are told beyond what click tells them: words with `=` and `:`, and files behind a `=`.

bash breaks words at both (`--context=…`, `arn:aws:…`) and asks for the rest only; zsh and fish ask for the whole word.
So click gets the whole word each time, and an answer is what the shell puts in place of what it asked for. What goes to
stderr is not shown: it would stand in the line that is being typed.
"""

import os
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value

    response=$(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORD="$2" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain described response
    local type value about
    (( ! $+commands[%(prog_name)s] )) && return 1

    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
%(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")
    for type value about in "${(@)response}"; do
        case $type in
            plain) if [[ $about == _ ]]; then plain+=("$value"); else described+=("$value:$about"); fi ;;
            dir|file)
                [[ $about == _ ]] || compset -P "${(b)about}"
                if [[ $type == dir ]]; then _path_files -/; else _path_files -f; fi ;;
        esac
    done
    if [ -n "$described" ]; then _describe -V unsorted described -U; fi
    if [ -n "$plain" ]; then compadd -U -V unsorted -a plain; fi
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""
_FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \\
COMP_CWORD=(commandline -t) %(prog_name)s 2>/dev/null)
    for completion in $response
        set -l parts (string split --max 1 "," -- $completion)
        set -l place (string split \\t -- $parts[2])
        switch $parts[1]
            case dir
                printf "$place[2]%%s\\n" (__fish_complete_directories $place[1])
            case file
                printf "$place[2]%%s\\n" (__fish_complete_path $place[1])
            case plain
                printf "%%s\\n" $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""
_PLACES = ("dir", "file")


class Whole(ShellComplete):
    """Answers that hold the whole word; of a file or folder, `head` is what stands before its path."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """What click answers for a value, behind its `--flag=`."""
        head = incomplete.partition("=")[0] + "=" if incomplete.startswith("--") and "=" in incomplete else ""
        return [
            CompletionItem(item.value, type=item.type, help=item.help, head=incomplete.removesuffix(item.value))
            if item.type in _PLACES
            else CompletionItem(head + item.value, help=item.help)
            for item in super().get_completions(args, incomplete)
        ]


class _Bash(Whole, BashComplete):
    source_template = _BASH
    _cut = 0

    def get_completion_args(self) -> tuple[list[str], str]:
        if "COMP_LINE" not in os.environ:  # a script of click's own, as an earlier version printed it
            return super().get_completion_args()
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line + "|")  # the last word ends in it, also where it is empty or still quoted
        incomplete = words[-1].removesuffix("|")
        asked = os.environ.get("COMP_WORD", "")
        asked = "" if asked in ("=", ":") else asked
        self._cut = len(incomplete) - len(asked) if incomplete.endswith(asked) else 0
        return words[1:-1], incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type},{item.value[self._cut :]}"


class _Zsh(Whole, ZshComplete):
    source_template = _ZSH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return (
            f"{item.type}\n{item.value}\n{item.head or '_'}"
            if item.type in _PLACES
            else super().format_completion(item)
        )


class _Fish(Whole, FishComplete):
    source_template = _FISH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        if item.type in _PLACES:
            return f"{item.type},{item.value}\t{item.head}"
        return super().format_completion(item)


def kinds() -> dict[str, type[ShellComplete]]:
    """Each shell with how it is answered; click knows them from then on."""
    return {each.name: add_completion_class(each) for each in (_Bash, _Zsh, _Fish)}
