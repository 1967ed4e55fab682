"""Lesson 01: checks of its exercises, its widgets, and the table of equations that the lessons check."""

import cmath
import math

import equations as table
import pytest
import series
import sympy
import torch
from formulas import EQUATIONS
from steerlens_lessons.common.equations import LINE, check_equation, relative_error
from steerlens_lessons.l01_wirtinger import checks, measures, widgets

import steerlens
from steerlens.classifiers.networks import lenet, smooth_twin

LESSON = series.HERE / "01_wirtinger_calculus.ipynb"
S, G, ALPHA, K = 0.6 - 0.5j, 0.4 + 0.7j, 0.2, 6
PAIR = torch.tensor([S, G], dtype=torch.complex128)


def score(x, y):
    return torch.exp(-((x - 0.3) ** 2 + (y - 0.8) ** 2))


def test_conjugate_gradient(says, tells, solved):
    check = checks.check_conjugate_gradient
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
    tells(check)
    assert "Right" in solved("01", 1)


def test_conventions(says, tells, solved):
    check, given = checks.check_conventions, torch.tensor(0.6 - 0.8j)
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
    tells(check, given)
    assert "Right" in solved("01", 2)


def test_polar_parts(says, tells, solved):
    def parts(factor=2.0, power=1, sign=1, conjugate=True):
        def answer(S, g):
            product = factor * (S.conjugate() if conjugate else S) * g
            return product.real / abs(S) ** power, sign * product.imag

        return answer

    check = checks.check_polar_parts
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
    tells(check)
    assert "Right" in solved("01", 3)


def test_half_way(says, tells, solved):
    check, right = checks.check_half_way, abs(S) / abs(G)
    assert says(check, right, *PAIR) == says(check, PAIR[0].abs() / PAIR[1].abs(), *PAIR) == "Right"
    limit = cmath.phase(G / S)
    assert math.isclose(cmath.phase(1 + right * G / S), limit / 2)
    for wrong in (right / 2, right * 2, 1 / right, -right, S / G, math.nan, ()):
        assert says(check, wrong, *PAIR) == "Not yet"
    tells(check, *PAIR)
    assert "Right" in solved("01", 4, S=PAIR[:1], g=PAIR[1:])


def test_linear_mode(says, tells, solved):
    def stepped(alpha=ALPHA, g=G, k=K, gain=lambda z, k: 1 + k * (abs(z) - 1)):
        z = 1 + alpha * g / S
        return S * cmath.exp(1j * k * cmath.phase(z)) * gain(z, k)

    check, setting = checks.check_linear_mode, {"alpha": ALPHA, "k": K}
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
    tells(check, *PAIR, **setting)
    assert "Right" in solved("01", 5, S=PAIR[:1], g=PAIR[1:])


def test_toy_gradient_and_its_parts():
    g = measures.toy_gradient(score, S)
    hill = math.exp(-((S.real - 0.3) ** 2 + (S.imag - 0.8) ** 2))
    assert cmath.isclose(g, -(S - (0.3 + 0.8j)) * hill)
    radial, tangential = measures.split(S, g)
    assert cmath.isclose(radial + tangential, g)
    assert abs((radial / S).imag) < 1e-12
    assert abs((tangential / S).real) < 1e-12
    assert measures.split(0j, g) == (0, 0)


def test_mode_paths():
    k = torch.arange(5, dtype=torch.float64)
    paths = measures.mode_paths(S, G, ALPHA, k)
    z = 1 + ALPHA * G / S
    assert all(cmath.isclose(path[0], S) for path in paths.values())
    assert torch.allclose(paths["constant"].abs(), torch.full_like(k, abs(S)))
    assert torch.allclose(paths["compounded"], S * torch.tensor(z, dtype=torch.complex128) ** k)
    assert torch.allclose(
        paths["linear"].abs().diff().diff(), torch.zeros(3, dtype=torch.float64), atol=1e-12
    )
    assert torch.allclose(paths["straight (Eq. 2)"], S + k * ALPHA * G)


def test_saturation_reaches_its_limit():
    shift, limit = measures.saturation(*PAIR.view(2, 1), 1e9)
    assert torch.allclose(shift, limit)
    assert math.isclose(limit.item(), abs(math.degrees(cmath.phase(G / S))))
    small, _ = measures.saturation(*PAIR.view(2, 1), 1e-3)
    assert small < 0.01 * limit
    nothing = torch.zeros(1, dtype=torch.complex128)
    assert measures.saturation(nothing, nothing + 1, 5.0) == (0, 0)


def parts_of(box):
    """Sliders, picture and caption of a lesson's widget."""
    *sliders, picture, caption = box.children
    return sliders, picture, caption


def test_coefficient_widget_follows_every_slider():
    sliders, picture, caption = parts_of(widgets.coefficient_widget(score, S))
    for slider in sliders:
        before = picture.value
        slider.value = slider.value + slider.step
        assert picture.value != before
        assert "arg z" in caption.value
    assert "Error" not in caption.value


def test_saturation_widget_follows_its_slider_over_the_whole_range():
    coefficients = torch.randn(40, dtype=torch.complex128, generator=torch.manual_seed(0))
    (slider,), picture, caption = parts_of(widgets.saturation_widget(coefficients, coefficients.flip(0)))
    pictures = set()
    for _, alpha in slider.options[::8]:
        slider.value = alpha
        pictures.add(picture.value)
        assert caption.value == widgets.shift_caption(coefficients, coefficients.flip(0), alpha)
    assert len(pictures) == len(slider.options[::8])


def test_errors_in_a_callback_are_seen():
    def broken(x, y):
        if broken.now:
            raise ArithmeticError("no <score>")
        return score(x, y)

    broken.now = False
    sliders, _, caption = parts_of(widgets.coefficient_widget(broken, S))
    broken.now = True
    sliders[0].value += 15
    assert caption.value == "<b>ArithmeticError</b>: no &lt;score&gt;"


def test_widgets_leave_a_picture():
    bundle = widgets.saturation_widget(PAIR, PAIR.flip(0))._repr_mimebundle_()
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


def test_a_check_of_no_equation_is_told(monkeypatch):
    monkeypatch.setattr(table, "EQUATIONS", ("1",))
    with pytest.raises(SystemExit, match=r"\.ipynb: no equation \(\S+\) in formulas.py"):
        table.collect(series.lessons())


# The referee of the digit: cells of the lesson itself, with the library's gradient as it is and made wrong.
def referee(monkeypatch, wrong):
    """Labels of the equations whose check fails where `wirtinger_gradient` gives wrong(g) for g."""
    right, failed = steerlens.wirtinger_gradient, []

    def gradient(*arguments):
        return right(*arguments).map(wrong, lambda residual: residual)

    def check(label, error, tolerance=1e-6):
        if not abs(complex(error)) <= tolerance:
            failed.append(label)

    cells = [cell.source for cell in series.read(LESSON).cells if cell.cell_type == "code"]
    start, end = (
        next(n for n, source in enumerate(cells) if text in source)
        for text in ("sl.data.digits()", 'check_equation("9"')
    )
    setup = [source for source in cells if "import" in source or "def derivative" in source]
    monkeypatch.setattr(steerlens, "wirtinger_gradient", gradient)
    names = {}
    for source in [*(source for source in setup if "%pip" not in source), *cells[start : end + 1]]:
        names["check_equation"] = check
        source = source.replace("check_equation, relative_error", "relative_error")
        lines = [line for line in source.splitlines() if not line.lstrip().startswith(("assert", "%"))]
        exec("\n".join(lines), names)
    return failed


DIGIT_EQUATIONS = ["1", "3", "2", "5", "6", "7", "8", "9"]


def test_the_referee_accepts_the_right_gradient(monkeypatch):
    assert referee(monkeypatch, lambda g: g) == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g: 2 * g,
        lambda g: g / 2,
        lambda g: g.conj(),
        lambda g: -g,
        lambda g: 1j * g,
        lambda g: g * (1 + 1e-6),
    ],
    ids=["torch's factor 2", "half", "not conjugated", "downhill", "a quarter turn", "a millionth too long"],
)
def test_the_referee_rejects_a_wrong_gradient_in_every_equation(wrong, monkeypatch):
    failed = referee(monkeypatch, wrong)
    tiny = wrong(torch.tensor(1.0 + 0j)) == 1 + 1e-6
    assert failed == DIGIT_EQUATIONS or (tiny and {"1", "2", "3", "5"} <= set(failed))


@pytest.mark.parametrize("sharpness", [1.0, 4.0, 20.0])
def test_the_twin_is_smooth_and_has_the_weights(sharpness):
    network = lenet(4).eval()
    twin = smooth_twin(network, sharpness)
    assert all(
        torch.equal(a.double(), b) for a, b in zip(network.parameters(), twin.parameters(), strict=True)
    )
    kinks = [unit for unit in twin.modules() if isinstance(unit, (torch.nn.ReLU, torch.nn.MaxPool2d))]
    assert kinks == [] and [type(unit) for unit in network.modules()].count(torch.nn.ReLU) == 3
    x = torch.zeros(1, 1, 28, 28, dtype=torch.float64, requires_grad=True)  # all windows tie
    direction = torch.rand(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(twin(x)[0, 2], x)
    ahead, back = (twin(x.detach() + step * direction)[0, 2] for step in (1e-4, -1e-4))
    assert abs((ahead - back) / 2e-4 - (gradient * direction).sum()) < 1e-5 * gradient.norm()


def test_softplus_of_the_twin_is_exact_to_rounding():
    """Also where torch's own threshold of 20 would switch to x."""
    x = torch.linspace(-30, 30, 101, dtype=torch.float64)
    expected = torch.logaddexp(4 * x, torch.zeros_like(x)) / 4
    twin = smooth_twin(torch.nn.Sequential(torch.nn.ReLU()), 4.0)
    torch.testing.assert_close(twin(x), expected, rtol=1e-12, atol=1e-15)
