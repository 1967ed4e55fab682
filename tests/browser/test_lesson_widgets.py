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


@pytest.mark.parametrize("name", WIDGETS)
def test_a_slider_changes_the_picture(lab, page, screenshot, tmp_path, name):
    lab(page, WIDGETS[name], tmp_path.name)
    page.wait_for_selector(PICTURE, timeout=SOON)
    assert page.locator(PICTURE).count() == 1
    before = page.get_attribute(PICTURE, "src")
    slider = page.locator(".noUi-handle").first
    slider.press("ArrowRight")
    page.wait_for_function(
        "([picture, before]) => document.querySelector(picture).src !== before",
        arg=[PICTURE, before],
        timeout=SOON,
    )
    screenshot("moved")
    assert page.locator(PICTURE).count() == 1 and page.console.errors == []
