"""The Jenkinsfile has the structure of a declarative pipeline (jenkinsci/pipeline-model-definition-plugin)."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "deploy" / "ci" / "jenkins" / "Jenkinsfile").read_text()
# https://www.jenkins.io/doc/book/pipeline/syntax/
SECTIONS = {"agent", "environment", "stages", "post", "options", "parameters", "triggers", "tools"}
CONDITIONS = {
    "always", "changed", "fixed", "regression", "aborted", "failure", "success", "unstable", "unsuccessful", "cleanup"
}  # fmt: skip
STEPS = {"sh", "junit", "archiveArtifacts"}


def blocks(text):
    """What stands in braces, by what stands before them: nested, in order; raises where braces are not paired."""
    bare = re.sub(r"//[^\n]*", "", text)
    tree, open_ = [], []
    at = 0
    for found in re.finditer(r"'(?:[^'\\\n]|\\.)*'|[{}]", bare):
        if found[0] == "{":
            head = bare[at : found.start()].strip().splitlines()
            open_.append((head.pop() if head else "", [], tree))
            tree.extend(line.strip() for line in head if line.strip())
            tree = open_[-1][1]
            at = found.end()
        elif found[0] == "}":
            tree.extend(line.strip() for line in bare[at : found.start()].splitlines() if line.strip())
            name, inside, outside = open_.pop()
            outside.append((name.strip(), inside))
            tree = outside
            at = found.end()
    assert not open_, "a brace is not closed"
    assert not bare[at:].strip(), "something stands behind the pipeline"
    return tree


def test_it_is_a_declarative_pipeline_of_sections_conditions_and_steps_that_there_are():
    ((name, inside),) = blocks(TEXT)
    sections = {each if isinstance(each, str) else each[0]: each for each in inside}

    assert name == "pipeline"
    assert {word.split()[0] for word in sections} <= SECTIONS
    assert {"agent any", "stages", "post"} <= set(sections)
    assert all(re.fullmatch(r"\w+ = '[^']*'", line) for line in sections["environment"][1])
    for stage, body in sections["stages"][1]:
        assert re.fullmatch(r"stage\('[^']+'\)", stage)
        assert [each[0] for each in body] == ["steps"]
    assert {condition for condition, _ in sections["post"][1]} <= CONDITIONS
    lines = [line for _, steps in sections["post"][1] for line in steps]
    lines += [line for _, body in sections["stages"][1] for _, steps in body for line in steps]
    assert {line.split()[0] for line in lines} <= STEPS
    assert not [line for line in lines if '"' in line], "a name in a GString would be put in by Groovy, unquoted"
