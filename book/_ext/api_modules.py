"""The reference: ``api`` names modules, and each becomes a section with all that is public in it.

A line ``gentutor.data`` is that module or package with what it exports; a line ``gentutor.models.*`` is
a package's head and after it each of its public modules, so that a new file needs no new line.
"""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SECTION = """\
## {title}

```{{eval-rst}}
.. automodule:: {module}
   :members:
{options}
```
"""


def modules_of(line: str, root: Path) -> list[str]:
    """The modules that a line stands for, by the files under ``root``: a package first, then its modules."""
    package = line.removesuffix(".*")
    if package == line:
        return [line]
    folder = root.joinpath(*package.split("."))
    if not (folder / "__init__.py").exists():
        raise ValueError(f"there is no package {package} in {root}")
    files = [path.relative_to(folder).with_suffix("").parts for path in folder.rglob("*.py")]
    modules = [parts[:-1] if parts[-1] == "__init__" else parts for parts in files]
    public = [parts for parts in modules if not any(part.startswith("_") for part in parts)]
    return [".".join([package, *parts]) for parts in sorted(public)]


class Api(SphinxDirective):
    """``api``, one module or package a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        text = ""
        for line in self.content:
            # what the head of a package imports from its modules stands with them
            options = "   :ignore-module-all:" if line.endswith(".*") else ""
            for module in modules_of(line, Path(self.env.srcdir)):
                title = module.removeprefix("gentutor.")
                text += SECTION.format(title=title, module=module, options=options)
        made = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), self.env.docname), 0, made, match_titles=True)
        return made.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("api", Api)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
