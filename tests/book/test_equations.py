"""Equation -> function -> test: complete in the book, and every gap is noticed."""

import equation_index as index
import pytest

from tools import build

FUNCTION = '''
def loss(x):
    """A loss.

    Returns:
        A scalar; eq-elsewhere is not a source.

    Source:
        eq-loss; Someone 2020, Eq. 1,
        and eq-second-loss.

    >>> 1
    1
    """
'''
TEST = """
import pytest

@pytest.mark.parametrize("x", [1])
@pytest.mark.equation("eq-loss")
@pytest.mark.equation("eq-second-loss")
def test_loss(x): ...
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "gentutor" / "objectives").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "gentutor" / "objectives" / "gan.py").write_text(FUNCTION)
    (tmp_path / "tests" / "test_gan.py").write_text(TEST)
    return tmp_path


def test_every_equation_of_the_book_has_a_function_and_a_test():
    equations = index.labels_in_chapters(build.toc_files())
    assert equations
    assert index.build_index(build.ROOT).problems(equations) == []


def test_function_and_tests_are_found(project):
    found = index.build_index(project)
    assert found.functions["eq-loss"] == [
        index.Place("gentutor.objectives.gan.loss", "gentutor/objectives/gan.py", 2)
    ]
    assert [place.name for place in found.tests["eq-second-loss"]] == ["test_loss"]
    assert set(found.functions) == {"eq-loss", "eq-second-loss"}
    assert found.problems(["eq-loss", "eq-second-loss"]) == []


def test_a_label_that_no_chapter_has_is_a_problem(project):
    problems = index.build_index(project).problems(["eq-loss"])
    assert len(problems) == 2
    assert all("eq-second-loss, an equation that no chapter has" in problem for problem in problems)


def test_an_equation_without_function_or_test_is_a_problem(project):
    problems = index.build_index(project).problems(["eq-loss", "eq-second-loss", "eq-third"])
    assert problems == [
        "equation eq-third: no function names it under 'Source:'",
        'equation eq-third: no test carries @pytest.mark.equation("eq-third")',
    ]


def test_labels_are_read_from_pages(tmp_path):
    page = tmp_path / "ch01.md"
    page.write_text(
        "$$a$$ text\n$$\nb = $ 1 \\\\ 2\n$$\n\n$$\nx\n$$ (eq-one)\n\n$$ y $$ (eq-two-b), $$z$$ (step-three)"
    )
    assert index.labels_in_chapters([page]) == {"eq-one": "ch01.md", "eq-two-b": "ch01.md"}


def test_one_label_in_two_places_is_refused(tmp_path):
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("$$ x $$ (eq-one)")
    with pytest.raises(ValueError, match="eq-one stands in both a.md and b.md"):
        index.labels_in_chapters([tmp_path / "a.md", tmp_path / "b.md"])
