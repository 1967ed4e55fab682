"""Lesson 01: checks of its exercises, its widgets, and the table of equations that the lessons check."""

import cmath
import math

import equations as table
import pytest
import series
import sympy
import torch

from steerlens.lessons import wirtinger as lesson
from steerlens.lessons import wirtinger_figures as figures
from steerlens.lessons.equations import EQUATIONS, LINE, check_equation, relative_error

S, G, ALPHA, K = 0.6 - 0.5j, 0.4 + 0.7j, 0.2, 6
PAIR = torch.tensor([S, G], dtype=torch.complex128)


def score(x, y):
    return torch.exp(-((x - 0.3) ** 2 + (y - 0.8) ** 2))


def test_conjugate_gradient(says):
    check = lesson.check_conjugate_gradient
    assert says(check, ...) == "Open"
    assert says(check, lambda dx, dy: (dx + 1j * dy) / 2) == "Right"
    for wrong in (
        lambda dx, dy: dx + 1j * dy,  # torch's
        lambda dx, dy: (dx - 1j * dy) / 2,  # not conjugated
        lambda dx, dy: -(dx + 1j * dy) / 2,  # downhill
        lambda dx, dy: (dy + 1j * dx) / 2,
        lambda dx: dx / 2,
        1.5 - 2j,
        None,
    ):
        assert says(check, wrong) == "Not yet"


def test_conventions(says):
    check, given = lesson.check_conventions, torch.tensor(0.6 - 0.8j)
    assert says(check, ..., given) == "Open"
    for right in (
        (0.3 - 0.4j, 0.6 + 0.8j),
        [given / 2, given.conj()],
        torch.stack([given / 2, given.conj()]),
    ):
        assert says(check, right, given) == "Right"
    for wrong in (
        (given, given.conj()),  # factor 2
        (given / 2, given),  # not conjugated
        (given.conj() / 2, given),
        (given / 2, given.conj() / 2),
        given / 2,
        (1, 2, 3),
        "torch",
    ):
        assert says(check, wrong, given) == "Not yet"


def test_polar_parts(says):
    def parts(factor=2.0, power=1, sign=1, conjugate=True):
        def answer(S, g):
            product = factor * (S.conjugate() if conjugate else S) * g
            return product.real / abs(S) ** power, sign * product.imag

        return answer

    check = lesson.check_polar_parts
    assert says(check, ...) == "Open"
    assert says(check, parts()) == "Right"
    for wrong in (
        parts(factor=1.0),
        parts(power=0),  # forgotten 1/A
        parts(power=2),
        parts(sign=-1),
        parts(conjugate=False),
        lambda S, g: parts()(S, g)[::-1],
        lambda S, g: (g.real, g.imag),
        lambda S, g: 1 / 0,
    ):
        assert says(check, wrong) == "Not yet"


def test_half_way(says):
    check, right = lesson.check_half_way, abs(S) / abs(G)
    assert says(check, ..., *PAIR) == "Open"
    assert says(check, right, *PAIR) == says(check, PAIR[0].abs() / PAIR[1].abs(), *PAIR) == "Right"
    limit = cmath.phase(G / S)
    assert math.isclose(cmath.phase(1 + right * G / S), limit / 2)
    for wrong in (right / 2, right * 2, 1 / right, -right, S / G, math.nan, ()):
        assert says(check, wrong, *PAIR) == "Not yet"


def test_linear_mode(says):
    def stepped(alpha=ALPHA, g=G, k=K, gain=lambda z, k: 1 + k * (abs(z) - 1)):
        z = 1 + alpha * g / S
        return S * cmath.exp(1j * k * cmath.phase(z)) * gain(z, k)

    check, setting = lesson.check_linear_mode, {"alpha": ALPHA, "k": K}
    assert says(check, ..., *PAIR, **setting) == "Open"
    assert says(check, stepped(), *PAIR, **setting) == "Right"
    for wrong in (
        stepped(alpha=2 * ALPHA),
        stepped(alpha=-ALPHA),
        stepped(g=G.conjugate()),
        stepped(k=K - 1),
        stepped(gain=lambda z, k: 1),
        stepped(gain=lambda z, k: abs(z) ** k),
        S + K * ALPHA * G,
    ):
        assert says(check, wrong, *PAIR, **setting) == "Not yet"


def test_toy_gradient_and_its_parts():
    g = figures.toy_gradient(score, S)
    hill = math.exp(-((S.real - 0.3) ** 2 + (S.imag - 0.8) ** 2))
    assert cmath.isclose(g, -(S - (0.3 + 0.8j)) * hill)
    radial, tangential = figures.split(S, g)
    assert cmath.isclose(radial + tangential, g)
    assert abs((radial / S).imag) < 1e-12
    assert abs((tangential / S).real) < 1e-12
    assert figures.split(0j, g) == (0, 0)


def test_mode_paths():
    k = torch.arange(5, dtype=torch.float64)
    paths = figures.mode_paths(S, G, ALPHA, k)
    z = 1 + ALPHA * G / S
    assert all(cmath.isclose(path[0], S) for path in paths.values())
    assert torch.allclose(paths["constant"].abs(), torch.full_like(k, abs(S)))
    assert torch.allclose(paths["compounded"], S * torch.tensor(z, dtype=torch.complex128) ** k)
    assert torch.allclose(
        paths["linear"].abs().diff().diff(), torch.zeros(3, dtype=torch.float64), atol=1e-12
    )
    assert torch.allclose(paths["straight (Eq. 2)"], S + k * ALPHA * G)


def test_saturation_reaches_its_limit():
    shift, limit = figures.saturation(*PAIR.view(2, 1), 1e9)
    assert torch.allclose(shift, limit)
    assert math.isclose(limit.item(), abs(math.degrees(cmath.phase(G / S))))
    small, _ = figures.saturation(*PAIR.view(2, 1), 1e-3)
    assert small < 0.01 * limit
    nothing = torch.zeros(1, dtype=torch.complex128)
    assert figures.saturation(nothing, nothing + 1, 5.0) == (0, 0)


def parts_of(box):
    """Sliders, picture and caption of a lesson's widget."""
    *sliders, picture, caption = box.children
    return sliders, picture, caption


def test_coefficient_widget_follows_every_slider():
    sliders, picture, caption = parts_of(lesson.coefficient_widget(score, S))
    for slider in sliders:
        before = picture.value
        slider.value = slider.value + slider.step
        assert picture.value != before
        assert "arg z" in caption.value
    assert "Error" not in caption.value


def test_saturation_widget_follows_its_slider_over_the_whole_range():
    coefficients = torch.randn(40, dtype=torch.complex128, generator=torch.manual_seed(0))
    (slider,), picture, caption = parts_of(lesson.saturation_widget(coefficients, coefficients.flip(0)))
    pictures = set()
    for _, alpha in slider.options[::8]:
        slider.value = alpha
        pictures.add(picture.value)
        assert caption.value == lesson.shift_caption(coefficients, coefficients.flip(0), alpha)
    assert len(pictures) == len(slider.options[::8])


def test_errors_in_a_callback_are_seen():
    def broken(x, y):
        if broken.now:
            raise ArithmeticError("no <score>")
        return score(x, y)

    broken.now = False
    sliders, _, caption = parts_of(lesson.coefficient_widget(broken, S))
    broken.now = True
    sliders[0].value += 15
    assert caption.value == "<b>ArithmeticError</b>: no &lt;score&gt;"


def test_widgets_leave_a_picture():
    bundle = lesson.saturation_widget(PAIR, PAIR.flip(0))._repr_mimebundle_()
    assert {"image/png", "text/plain"} <= bundle.keys()


def test_check_equation(capsys):
    check_equation("5", 3e-11)
    check_equation("B.2", torch.tensor(0.0), tolerance=0)
    lines = [match.groups() for match in LINE.finditer(capsys.readouterr().out)]
    assert lines == [("5", "3e-11", "1e-06"), ("B.2", "0", "0")]
    for error in (2e-6, math.nan, math.inf, 1j):
        with pytest.raises(AssertionError, match=r"Eq. \(5\): expected an error of at most 1e-06"):
            check_equation("5", error)
    with pytest.raises(AssertionError, match="expected a number, got x"):
        check_equation("5", sympy.Symbol("x"), tolerance=0)
    with pytest.raises(ValueError, match="label"):
        check_equation("99", 0)


def test_relative_error():
    assert relative_error([1, 2.5], [1, 2]) == 0.25
    assert relative_error(torch.tensor(2j), 1j) == 1
    with pytest.raises(ValueError, match="shape"):
        relative_error([1, 2], 1)


def test_every_equation_has_an_asserted_cell():
    assert table.unchecked(table.collect(series.lessons())) == []


def test_the_table_of_equations_is_up_to_date():
    found = table.collect(series.lessons())
    assert table.TABLE.read_text(encoding="utf-8") == table.table(found)
    table.check()


def test_an_equation_without_a_cell_is_missed(monkeypatch):
    monkeypatch.setattr(table, "lessons", lambda: [])
    assert table.unchecked(table.collect([])) == list(EQUATIONS)
    with pytest.raises(SystemExit, match=r"no cell checks 1, 2, 3"):
        table.check()
