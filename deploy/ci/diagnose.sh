#!/bin/sh
# After a failed job: what broke in the cluster, and why.
#
# usage: diagnose.sh FOLDER
#
# The snapshot is saved first, as the cluster may be gone in a minute. What it shows is printed with the real names, for
# those who read the log. FOLDER is what may be uploaded: the redacted snapshot, and reports with pseudonyms.
#
# diag itself reads its flags from the environment: DIAG_NAMESPACE, DIAG_SELECTOR, DIAG_SINCE, DIAG_CONTEXT,
# DIAG_KUBECONFIG, DIAG_TIMEOUT (2m if nothing is said) ... DIAG_SHARE=true gives pseudonyms to the log as well.
#
# exit code: 0, so that the verdict stays that of the job; with DIAG_FAIL_ON=error (warning, info) that of `diag report`.
set -u

say() {
    printf 'diag: %s\n' "$1" >&2
}

# What could not be done is said where people look, too.
missed() {
    say "$1"
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        printf '### diag: %s\n\nThe log of this step says why.\n' "$1" >>"$GITHUB_STEP_SUMMARY"
    fi
}

verdict() {
    [ "${DIAG_FAIL_ON:-never}" = never ] && exit 0
    exit "$1"
}

# A threshold that is typed stands against whatever a file or a variable says.
report() {
    threshold=$1
    shift
    diag report --from "$clear" --fail-on "$threshold" "$@"
}

if [ $# -ne 1 ] || [ -z "$1" ]; then
    say "usage: $0 FOLDER"
    exit 2
fi
case $1 in
-*) folder=./$1 ;; # no flag
*) folder=$1 ;;
esac
snapshot=$folder/snapshot.jsonl.gz
set -- "$folder/report.html" "$folder/report.md" "$folder/report.json" "$folder/report.junit.xml" \
    "$folder/report.gitlab.json"

# What cannot be cleared away would be uploaded, and taken for what was found now.
if ! rm -f "$snapshot" "$@" || ! mkdir -p "$folder"; then
    missed "$folder cannot be written, so nothing new is in it"
    folder=
fi
if ! command -v diag >/dev/null; then
    missed "there is no program diag; install it, or use its image"
    verdict 127
fi
private=
trap 'rm -rf "$private"' EXIT
trap 'exit 130' HUP INT TERM
if ! private=$(mktemp -d); then
    missed "there is no room for a snapshot; TMPDIR names a folder that has some"
    verdict 3
fi
clear=$private/snapshot.jsonl.gz
# The key of the pseudonyms, and what they stand for, go with the snapshot, unless a key is named that stays.
[ -n "${DIAG_REDACTION_KEY:-}" ] || export XDG_STATE_HOME="$private"

DIAG_TIMEOUT=${DIAG_TIMEOUT:-2m} diag snapshot save "$clear"
code=$?
if [ ! -s "$clear" ]; then
    missed "the cluster could not be looked at"
    verdict "$code"
fi

# From here on the cluster is not needed.
report "${DIAG_FAIL_ON:-never}" -o plain
code=$?
# What was found, --strict, --require-llm and --timeout have codes of their own, and their report is printed.
case $code in
0 | 1 | 4 | 5 | 124) ;;
*) missed "the report could not be printed" ;;
esac
if [ "${GITHUB_ACTIONS:-}" = true ]; then
    report never -q -o github
fi
[ -n "$folder" ] || verdict "$code"

# What fails leaves nothing behind that only looks complete, and never the real names.
if ! diag snapshot redact "$clear" "$snapshot"; then
    rm -f "$snapshot"
    missed "the snapshot could not be redacted, so it is not kept"
fi
if ! report never -q --share -o html="$1" -o markdown="$2" -o json="$3" -o junit="$4" -o gitlab="$5"; then
    rm -f "$@"
    missed "the reports with pseudonyms could not be written"
fi
verdict "$code"
