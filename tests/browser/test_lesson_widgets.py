"""The sliders of the lessons in JupyterLab: one picture, which changes when a slider is moved."""

import pytest

SOON = 30_000  # milliseconds
PICTURE = "img.widget-image"
FIRST = "import torch\nimport steerlens as sl\n"
DIGITS = FIRST + "digits = sl.data.digits()\nmodel = sl.models.load('lenet', digits)\n"
WIDGETS = {
    "00 frames": DIGITS
    + "from steerlens.plot import widgets\n"
    + "pyramid = sl.SteerablePyramid((28, 28), 3, 4, padding=2)\n"
    + "widgets.frame_slider(sl.steer(model, digits.images[:1], 8, pyramid, steps=6))",
    "02 bands": FIRST
    + "from steerlens_lessons.l02_pyramid.widgets import band_explorer\n"
    + "band_explorer(sl.SteerablePyramid((64, 64), 3, 4), sl.data.arcade(1, seed=0).images)",
    "03 shapes": FIRST
    + "from steerlens_lessons.l03_arcade.widgets import shape_explorer\n"
    + "shape_explorer(sl.models.load('arcade', sl.data.arcade(1, seed=0)))",
    "07 coefficients": DIGITS
    + "from steerlens_lessons.l07_baselines.widgets import coefficient_picker\n"
    + "coefficient_picker(digits.images[:1])",
    "10 row and column of a pixel": FIRST
    + "from steerlens_lessons.l10_linear.widgets import pixel_picker\n"
    + "from steerlens.linear import LinearInterpreter\n"
    + "small = sl.data.arcade(1, seed=0).images[..., ::4, ::4]\n"
    + "net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.PixelShuffle(2)).eval()\n"
    + "pixel_picker(LinearInterpreter(net, small))",
}

PAIRS = (
    DIGITS
    + "from steerlens_lessons.l04_mnist import measures, widgets\n"
    + "images, _, targets = measures.all_pairs(model, digits, 1)\n"
    + "morph = sl.extrapolate(model, images, targets, measures.PYRAMID, steps=8)\n"
    + "widgets.pair_picker(morph, still=[(8, 1), (1, 8)])"
)


def wait_for_another(page, before):
    """Until the picture is not the one before."""
    changed = "([picture, before]) => document.querySelector(picture).src !== before"
    page.wait_for_function(changed, arg=[PICTURE, before], timeout=SOON)


@pytest.mark.parametrize("name", WIDGETS)
def test_a_slider_changes_the_picture(lab, page, screenshot, tmp_path, name):
    lab(page, WIDGETS[name], tmp_path.name)
    page.wait_for_selector(PICTURE, timeout=SOON)
    assert page.locator(PICTURE).count() == 1
    before = page.get_attribute(PICTURE, "src")
    slider = page.locator(".noUi-handle").first
    slider.press("ArrowRight")
    wait_for_another(page, before)
    screenshot("moved")
    assert page.locator(PICTURE).count() == 1 and page.console.errors == []


def test_a_pair_is_pressed_in_the_grid_of_lesson_04(lab, page, screenshot, tmp_path):
    lab(page, PAIRS, tmp_path.name)
    page.wait_for_selector(PICTURE, timeout=SOON)
    before = page.get_attribute(PICTURE, "src")
    page.locator("button[title^='3 → 8']").press("Enter")
    wait_for_another(page, before)
    screenshot("pressed")
    assert page.locator("button.mod-primary").get_attribute("title").startswith("3 → 8")
    assert page.locator(PICTURE).count() == 1 and page.console.errors == []
