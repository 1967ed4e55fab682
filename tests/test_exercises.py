"""Exercises: how a check answers, what each lesson's exercises have, and the notebook of their solutions."""

import importlib
import re
from pathlib import Path

import nbformat
import pytest
import series
import solutions
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from steerlens_lessons.common.exercises import Exercise, Key, choice, exercise, numbers

LESSONS = {lesson.path.stem: series.read(lesson.path) for lesson in series.lessons()}
FOLDERS = sorted((series.HERE / "steerlens_lessons").glob("l[0-9][0-9]_*"))
CHECKS = {
    path.name[1:3]: importlib.import_module(f"steerlens_lessons.{path.name}.checks") for path in FOLDERS
}


@exercise("two and two.")
def check_four(right=4.0):
    """A number."""
    return numbers(right, "a number", 0.01, {"that is the product of one factor too many": 8, "it is odd": 3})


@pytest.fixture
def told(capsys):
    def call(check, *arguments, **named):
        check(*arguments, **named)
        return capsys.readouterr().out.strip()

    return call


# The mechanism.
def test_a_check_tells_a_slip_before_the_answer(told):
    assert told(check_four, ...) == "Open: expected a number."
    assert told(check_four, torch.tensor(4.0)) == "Right: 4.0."
    assert told(check_four, 3) == "Not yet: it is odd. More: checks.check_four.hint()"
    assert told(check_four, 8).startswith("Not yet: that is the product")
    assert told(check_four, 5).startswith("Not yet: it is too large.")
    assert "4" not in told(check_four, 5).replace("check_four", "")


def test_the_answer_comes_on_the_second_request(told):
    check = exercise("two and two.")(check_four.key)
    assert told(check.solution) == "Hint: two and two. More: checks.check_four.solution()"
    assert told(check.solution) == "First run the cell of the exercise."
    check(...)
    assert "Expected: 4, to 0.01. The solution is folded" in told(check.solution)
    assert told(check.hint).startswith("Hint: two")


@pytest.mark.parametrize(
    ("expected", "answer", "said"),
    [
        (4, "four", "expected a number, got 'four'"),
        (4, True, "expected a number, got True"),
        (4, None, "expected a number, got None"),
        (4, [4], "expected the shape (), got (1,)"),
        (4, float("nan"), "not every number is finite"),
        (4, 3, "it is too small"),
        (4, 2, "it is half of what was expected"),
        (4, -4, "it is right except for the sign"),
        (4, 0.25, "it is the reciprocal of what was expected"),
        (0.3, 30, "it is in per cent, where a share was expected"),
        (4, 4 + 0j, "it is complex, and real numbers were expected"),
        (1 + 2j, 1 - 2j, "it is the complex conjugate of what was expected"),
        (1 + 2j, 2 + 1j, "only its angle is wrong"),
        (1 + 2j, 3 + 1j, "its absolute value is wrong"),
        ((1, 5), (5, 1), "it is in the opposite order"),
        (((1, 2), (3, 5)), ((1, 3), (2, 5)), "it is right with its last two axes swapped"),
        ((1, 2, 3, 4), (1, 2.5, 3, 0), "2 of 4 numbers are off, the first at (1,), the most, by 4, at (3,)"),
    ],
)
def test_what_is_said_of_wrong_numbers(expected, answer, said):
    assert numbers(expected, "a number", 0.01).error(answer) == said


def test_numbers_of_a_function():
    key = numbers(abs, "a function", 0, {"it squares": lambda x: x * x}, of=lambda f: [f(-3), f(2)])
    assert key.error(lambda x: max(x, -x)) == ""
    assert key.error(lambda x: x**2) == "it squares"
    assert key.error(lambda x: None) == "expected a function, got [None, None]"


def test_whatever_an_answer_raises_is_told(told):
    check = exercise("")(lambda: Key("a function", "", lambda answer: answer()))
    assert told(check, lambda: 1 / 0).startswith(
        "Not yet: this function cannot be used here, ZeroDivisionError:"
    )


def test_choice():
    key = choice("b", "a letter, a to c", {"it is the first": "a"}, "abc")
    assert [key.error(answer) for answer in ("b", " B", "(b)")] == ["", "", ""]
    assert key.error("a") == "it is the first" and key.error("c") == "it is another one"
    assert key.error("d") == "expected a letter, a to c, got 'd'"
    assert choice(1, "a row", {}).error(True) and not choice(1, "a row", {}).error(torch.tensor(1))


def test_long_answers_are_not_echoed(told):
    check = exercise("")(lambda right: numbers(right, "numbers", 0))
    right = torch.arange(1000.0)
    assert told(check, right, right) == "Right: a tensor of shape (1000,)."
    assert len(told(check, right.tolist(), right)) < 80
    check.hint()
    assert "Expected: 1000 numbers from 0 to 999." in told(check.solution)


# The lessons.
@pytest.mark.parametrize("name", LESSONS)
def test_every_exercise_has_difficulty_minutes_check_hint_and_solution(name):
    found = solutions.exercises(LESSONS[name])
    assert len(found) in (3, 4, 5) and [each.number for each in found] == list(range(1, len(found) + 1))
    assert all(1 <= each.minutes <= 20 for each in found)
    for each in found:
        checks = [
            getattr(CHECKS[name[:2]], call) for call in re.findall(r"checks\.(check_\w+)\(", each.cell.source)
        ]
        assert checks and all(isinstance(check, Exercise) and len(check.help) > 10 for check in checks)
        assert "checks." not in each.code
    opened = found[0].cell.source
    told = re.findall(
        r"`checks\.(check_\w+)\.(hint|solution)\(\)`", "".join(c.source for c in LESSONS[name].cells)
    )
    assert [way for _, way in told] == ["hint", "solution"] and all(
        f"{check}(" in opened for check, _ in told
    )


def test_every_solution_is_run_by_a_lesson_s_test():
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_lesson_*.py")]
    run = {pair for text in texts for pair in re.findall(r'solved\("(\d\d)", (\d)', text)}
    found = {(name[:2], str(each.number)) for name in LESSONS for each in solutions.exercises(LESSONS[name])}
    assert found == run


def test_an_exercise_without_its_head_or_solution_is_refused():
    open_cell = new_code_cell("k = ...\nchecks.check_four(k)")
    head, folded = (
        "**1.** *Difficulty 1 of 3, 3 minutes.* Why?",
        "<details><summary>Solution</summary>\n\n{}\n</details>",
    )
    whole = folded.format("```python\nk = 4\n```\n\nTwo and two.")
    (each,) = solutions.exercises(
        new_notebook(cells=[new_markdown_cell(head), open_cell, new_markdown_cell(whole)])
    )
    assert each.solved == "k = 4\nchecks.check_four(k)" and each.remark == "Two and two."
    for before, after in (("**1.** Why?", whole), (head, "Four."), (head, folded.format("Four."))):
        cells = [new_markdown_cell(before), open_cell, new_markdown_cell(after)]
        with pytest.raises(ValueError, match="expected difficulty and minutes, and a folded solution"):
            solutions.exercises(new_notebook(cells=cells))


def test_the_notebook_of_solutions(tmp_path):
    assert solutions.write(tmp_path) == "solutions"
    notebook = nbformat.read(tmp_path / "solutions.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == sum(len(solutions.exercises(lesson)) for lesson in LESSONS.values())
    assert not any(solutions.OPEN.search(cell.source) for cell in code)
    for cell in code:
        compile(cell.source, cell.id, "exec")


def test_solved_lessons_differ_in_their_exercises_alone(tmp_path):
    solutions.solve(tmp_path)
    for name, lesson in LESSONS.items():
        solved = series.read(tmp_path / f"{name}.ipynb")
        pairs = list(zip(lesson.cells, solved.cells, strict=True))
        changed = [before.id for before, after in pairs if before.source != after.source]
        assert changed == [each.cell.id for each in solutions.exercises(lesson)]
