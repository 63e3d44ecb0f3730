"""Links to the package: a name is documented where it is imported from, not where it is defined."""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from equation_index import LABEL


def documented_name(env: BuildEnvironment, name: str) -> str:
    """The dotted name under which the reference lists this object, e.g. without a private module."""
    documented = env.get_domain("py").data["objects"]
    short = re.escape(name.rsplit(".", 1)[-1])
    others = [known for known in documented if re.fullmatch(rf"gentutor\.(.+\.)?{short}", known)]
    return name if name in documented or not others else others[0]


def find_documented(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Node
) -> nodes.Node | None:
    """Second try at a name of the package that was not found where it is defined."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target.startswith("gentutor."):
        return None
    name = documented_name(env, target)
    return env.get_domain("py").resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)


def link_labels(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """In a docstring's section "Source", make each equation label a link to the chapter."""
    inside = False
    for number, line in enumerate(lines):
        if line.startswith((".. rubric::", ":")):
            inside = line == ".. rubric:: Source"
        elif inside:
            lines[number] = LABEL.sub(lambda label: f"equation :eq:`{label[0]}`", line)


def tidy_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """A dataclass's ``<factory>`` cannot be parsed, and would spoil the whole signature."""
    return signature and signature.replace("<factory>", "..."), result


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the events."""
    app.connect("missing-reference", find_documented)
    app.connect("autodoc-process-signature", tidy_signature)
    app.connect("autodoc-process-docstring", link_labels, priority=900)  # after napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
