"""The playground of the site in a real browser: its numbers are the module's, and one can play.

The page follows the networks of MNIST whatever digits are at hand; so does what it is compared with.
"""

import base64
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import play
import pytest
import servers
import torch

import steerlens as sl

SOON = 30_000  # milliseconds until an answer
TOLERANCE = 1e-5
STEPS = 24
WIDTHS = {390: 844, 1280: 900, 1920: 1080}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
METHODS = list(product(("live", "frozen"), ("phase", "joint")))
MORPH = """async ([name, images, targets, settings, steps]) => {
  const network = await Steerlens.network(name), frames = [], probabilities = [], distances = [];
  images.forEach((image, i) => {
    const morph = new Steerlens.Morph(network, Float64Array.from(image), {...settings, target: targets[i]});
    for (let k = 0; k < steps; k++) morph.step();
    frames.push(...morph.frames.map((frame) => [...frame]).flat());
    probabilities.push(...morph.probabilities.map((p) => [...p]).flat());
    distances.push(...morph.distances);
  });
  return [frames, probabilities, distances].map((numbers) => {
    const bytes = new Uint8Array(Float64Array.from(numbers).buffer), parts = [];
    for (let i = 0; i < bytes.length; i += 8192) {
      parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
    }
    return btoa(parts.join(""));
  });
}"""
DEFAULTS = {"cap": 0.3, "alpha": 0.3, "bands": [True] * 12, "lowpass": "linear"}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The playground's pages, and an index that has nothing but the small one."""
    folder = tmp_path_factory.mktemp("site")
    play.write(folder)
    head = '<!doctype html><meta name="viewport" content="width=device-width"><title>index</title>'
    (folder / "index.html").write_text(head + play.compact())
    return folder


@pytest.fixture
def visit(browser, site, screenshot_of):
    """A function that opens a page in a context of its own; errors and requests to a network fail."""
    contexts, wrong = [], []

    def logged(line):
        if line.type == "error":
            wrong.append(line.text)

    def asked(request):
        if not request.url.startswith(("file:", "data:")):
            wrong.append(request.url)

    def visit(name="play.html", fragment="", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", logged)
        page.on("request", asked)
        page.goto(f"file://{site}/{name}{fragment}")
        page.screenshot_of = lambda moment: screenshot_of(page, moment)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def screenshot_of(request):
    folder = servers.ROOT / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    name = request.node.name.replace("[", "-").replace("]", "")
    return lambda page, moment: page.screenshot(path=folder / f"{name}-{moment}.png", full_page=True)


@cache
def mnist_like():
    """The digits at hand, under MNIST's name: what the committed checkpoints of MNIST are loaded for."""
    return replace(sl.data.digits(), source="MNIST")


def network(name):
    return sl.models.load(name, mnist_like()).double()


def some_digits(count):
    """Images (count, 1, 28, 28) in float64, of every class in turn, and a target for each."""
    data = mnist_like()
    rows = [data.indices_of(str(i % 10))[i // 10].item() for i in range(count)]
    targets = [(3 * i + 5) % 10 if (3 * i + 5) % 10 != i % 10 else (i + 1) % 10 for i in range(count)]
    return data.images[rows].double(), targets


def in_page(page, images, targets, settings, name="lenet", steps=STEPS):
    """Frames, probabilities and distances of the page's own morphs."""
    found = page.evaluate(MORPH, [name, images.flatten(1).tolist(), targets, settings, steps])
    parts = [torch.from_numpy(np.frombuffer(base64.b64decode(text)).copy()) for text in found]
    shapes = [(1, 28, 28), (10,), ()]
    return [part.view(len(images), steps + 1, *shape) for part, shape in zip(parts, shapes, strict=True)]


def in_python(images, targets, settings, name="lenet", steps=STEPS):
    """The same by the module."""
    model, pyramid = network(name), sl.SteerablePyramid((28, 28), 3, 4, padding=2)
    given = {"steps": steps, "residuals": {"lowpass": settings["lowpass"]}, "progress": False}
    given["bands"] = [divmod(i, 4) for i, on in enumerate(settings["bands"]) if on]
    if settings["regime"] == "live":
        return sl.steer(
            model, images, targets, pyramid, direction=settings["direction"], cap=settings["cap"], **given
        )
    amplitude = "linear" if settings["direction"] == "joint" else "constant"
    return sl.extrapolate(
        model, images, targets, pyramid, alpha=settings["alpha"], amplitude=amplitude, **given
    )


def differences(found, morph):
    expected = (morph.frames, morph.probabilities, morph.distances)
    return [(a - b).abs().max().item() for a, b in zip(found, expected, strict=True)]


@pytest.mark.parametrize(("regime", "direction"), METHODS)
def test_morphs_are_those_of_the_module(visit, regime, direction):
    """20 digits, 24 steps, residuals as they are by default, in float64."""
    images, targets = some_digits(20)
    settings = {**DEFAULTS, "regime": regime, "direction": direction}
    found = in_page(visit(), images, targets, settings)
    worst = differences(found, in_python(images, targets, settings))
    print(f"{regime}, {direction}: frames {worst[0]:.0e}, probabilities {worst[1]:.0e}")
    assert max(worst) < TOLERANCE


@pytest.mark.parametrize(("regime", "direction"), METHODS)
def test_and_with_other_settings(visit, regime, direction):
    """The robust driver, some bands, the low-pass held, another cap and alpha."""
    images, targets = some_digits(4)
    bands = [i % 3 != 1 for i in range(12)]
    settings = {"cap": 0.7, "alpha": 1.5, "bands": bands, "lowpass": "fixed", "regime": regime}
    settings["direction"] = direction
    found = in_page(visit(), images, targets, settings, "robust_lenet", 8)
    assert max(differences(found, in_python(images, targets, settings, "robust_lenet", 8))) < TOLERANCE


def test_nothing_may_move(visit):
    images, targets = some_digits(1)
    settings = {**DEFAULTS, "bands": [False] * 12, "lowpass": "fixed", "regime": "live", "direction": "joint"}
    frames, _, distances = in_page(visit(), images, targets, settings, steps=3)
    assert torch.equal(frames, images[:, None].expand_as(frames)) and distances.max() == 0


def test_ties_are_broken_as_torch_breaks_them(visit):
    """On black every position of a pooling window is equal: the first one gets the gradient."""
    images = torch.zeros(3, 1, 28, 28, dtype=torch.float64)
    images[1, 0, 13, 14], images[2, 0, 4:24, 13:16] = 1.0, 0.5
    leaf = images.clone().requires_grad_()
    logits = network("lenet")(leaf)
    (expected,) = torch.autograd.grad(logits[:, 3].sum(), leaf)
    found = visit().evaluate(
        """async (images) => {
          const network = await Steerlens.network("lenet");
          const ask = Float64Array.from({length: 10}, (_, i) => Number(i === 3));
          return images.map((image) => {
            const logits = network.logits(Float64Array.from(image));
            return [[...logits], [...network.imageGradient(ask)]];
          });
        }""",
        images.flatten(1).tolist(),
    )
    for (ours, gradient), theirs, wanted in zip(found, logits, expected, strict=True):
        assert (torch.tensor(ours, dtype=torch.float64) - theirs).abs().max() < 1e-10
        assert (torch.tensor(gradient, dtype=torch.float64) - wanted.flatten()).abs().max() < 1e-10


def test_the_judge_is_the_committed_one(visit):
    images, _ = some_digits(20)
    found = visit().evaluate(
        """async (images) => {
          const judge = await Steerlens.network("resnet");
          return images.map((image) => [...judge.logits(Float64Array.from(image))]);
        }""",
        images.flatten(1).tolist(),
    )
    with torch.no_grad():
        expected = network("resnet")(images)
    assert (torch.tensor(found, dtype=torch.float64) - expected).abs().max() < 1e-9


@pytest.mark.parametrize("regime", ["live", "frozen"])
def test_images_at_a_distance_are_those_of_the_module(visit, regime):
    images, targets = some_digits(5)
    settings = {**DEFAULTS, "regime": regime, "direction": "joint"}
    found = visit().evaluate(
        """async ([images, targets, settings]) => {
          const network = await Steerlens.network("lenet");
          return images.map((image, i) => {
            const own = {...settings, target: targets[i]};
            const morph = new Steerlens.Morph(network, Float64Array.from(image), own);
            for (let k = 0; k < 8; k++) morph.step();
            const {k, attained} = morph.at(2);
            return [attained, [...morph.render(k)]];
          });
        }""",
        [images.flatten(1).tolist(), targets, settings],
    )
    expected, attained = in_python(images, targets, settings, steps=8).at_distance(2.0)
    assert [each for each, _ in found] == attained.tolist()
    ours = torch.tensor([image for _, image in found], dtype=torch.float64)
    assert (ours - expected.flatten(1)).abs().max() < 1e-3  # both within 5e-4 of the distance


def test_the_pyramid_is_the_module_s(visit):
    images = torch.rand(2, 1, 64, 64, generator=torch.manual_seed(0), dtype=torch.float64)
    found = visit("pyramid.html").evaluate(
        """(images) => images.map((image) => {
          const pyramid = new Steerlens.SteerablePyramid(64, 3, 4);
          const c = pyramid.analyze(Float64Array.from(image)), {lowpass, highpass} = c;
          const bands = c.bands.map((planes) => planes.map(({re, im}) => [[...re], [...im]]));
          const again = pyramid.synthesize(c);
          return {bands, lowpass: [...lowpass], highpass: [...highpass], again: [...again]};
        })""",
        images.flatten(1).tolist(),
    )
    c = sl.SteerablePyramid((64, 64), 3, 4).analyze(images)
    for row, ours in enumerate(found):
        for band, planes in zip(c.bands, ours["bands"], strict=True):
            parts = torch.view_as_real(band[row, 0]).movedim(-1, 1).flatten(2)
            assert (torch.tensor(planes, dtype=torch.float64) - parts).abs().max() < 1e-13
        for residual, name in zip(c.residuals, ("highpass", "lowpass"), strict=True):
            assert np.abs(np.array(ours[name]) - residual[row, 0].flatten().numpy()).max() < 1e-13
        assert np.abs(np.array(ours["again"]) - images[row].flatten().numpy()).max() < 1e-13


def settled(page):
    """Wait until all frames are there and nothing moves."""
    page.wait_for_function("() => Steerlens.page.film?.complete && Steerlens.page.film.still", timeout=SOON)


def pixels(page, selector="#pad-a .sl-pixels"):
    read = "s => [...document.querySelector(s).getContext('2d').getImageData(0, 0, 28, 28).data]"
    return page.evaluate(read, selector)


def wait_for_motion(page, selector="#pad-a .sl-pixels"):
    before = pixels(page, selector)
    page.wait_for_function(
        "([s, before]) => document.querySelector(s).getContext('2d').getImageData(0, 0, 28, 28).data"
        ".some((value, i) => value !== before[i])",
        arg=[selector, before],
        timeout=SOON,
    )


@pytest.mark.parametrize("name", ["play.html", "index.html"])
def test_a_digit_is_morphing_when_the_page_opens_on_a_phone(visit, name):
    page = visit(name, **PHONE)
    selector = "#pad-a .sl-pixels" if name == "play.html" else "#playground .sl-pixels"
    page.wait_for_function("() => performance.getEntriesByName('steerlens-moving').length", timeout=SOON)
    wait_for_motion(page, selector)
    page.screenshot_of("opened")


def draw(page, selector, lines):
    """Draw lines, in parts of the picture's side."""
    box = page.locator(selector).bounding_box()
    for line in lines:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=6)
        page.mouse.up()


SEVEN = [[(0.2, 0.25), (0.7, 0.22), (0.45, 0.85)]]


@pytest.mark.parametrize("name", ["play.html", "index.html"])
def test_one_tap_morphs_an_own_drawing(visit, name):
    page = visit(name, viewport={"width": 390, "height": 900})
    page.wait_for_function("() => performance.getEntriesByName('steerlens-moving').length", timeout=SOON)
    pad = "#pad-a .sl-ink" if name == "play.html" else "#playground .sl-ink"
    draw(page, pad, SEVEN)
    page.wait_for_function("() => /Reads like a 7/.test(document.querySelector('.sl-verdict').textContent)")
    page.screenshot_of("drawn")
    page.get_by_role("button", name="2", exact=True).first.click()
    page.wait_for_function(
        "() => /sees a 2 /.test(document.querySelector('.sl-verdict').textContent)", timeout=SOON
    )
    page.screenshot_of("morphed")


def test_drawn_digits_are_read_rightly(visit):
    """Ten drawings, fitted and centred as MNIST's digits are, seen by three networks."""
    seen = visit().evaluate(
        """async () => {
          const networks = await Promise.all(["lenet", "robust_lenet", "resnet"].map(Steerlens.network));
          const sees = (network, image) => Steerlens.top(Steerlens.softmax(network.logits(image)));
          return Steerlens.drawnDigits().map(({image}) => networks.map((each) => sees(each, image)));
        }"""
    )
    assert seen == [[digit] * 3 for digit in range(10)]


def test_a_tiny_drawing_in_a_corner_is_fitted_as_a_large_one(visit):
    found = visit().evaluate(
        """() => {
          const strokes = Steerlens.drawnStrokes(4);
          const digit = (by) => {
            const points = (stroke) => stroke.map(([x, y]) => [by * x, by * y + 1]);
            return Steerlens.digitOf(strokes.map(points));
          };
          const [small, large] = [digit(3), digit(20)];
          return Math.max(...small.map((value, i) => Math.abs(value - large[i])));
        }"""
    )
    assert found <= 1 / 255 + 1e-12


STATE = "to=3&a=live.phase.lenet&cap=0.2&alpha=0.5&steps=10&bands=f0f&lowpass=linear&at=7"


def test_the_address_restores_everything(visit):
    first = visit()
    settled(first)
    image = first.evaluate("() => Steerlens.packed(Steerlens.drawnDigits()[5].image)")
    page = visit(fragment=f"#{STATE}&image={image}")
    settled(page)
    assert page.evaluate("() => Steerlens.fragment(Steerlens.page.state)") == f"{STATE}&image={image}"
    assert page.locator("#timeline input").input_value() == "7"
    assert page.get_by_role("button", name="3", exact=True).get_attribute("aria-pressed") == "true"
    assert page.locator("#bands [aria-pressed=false]").count() == 4
    page.click("#copy-link")
    page.wait_for_function("() => document.getElementById('copied').textContent === 'Link copied'")


def test_a_broken_address_opens_the_page_all_the_same(visit):
    page = visit(fragment="#to=99&a=no.such.thing&image=%%%&steps=-3&bands=zz&at=x")
    settled(page)
    assert page.evaluate("() => Steerlens.page.state.steps") == STEPS
    assert page.locator("#error").is_hidden()


CODES = {
    "live": f"#{STATE}",
    "frozen": f"#{STATE.replace('live.phase', 'frozen.joint')}",
    "compared": "#to=8&a=live.joint.robust_lenet&b=frozen.phase.lenet&steps=8&lowpass=fixed&at=1.5",
}


@pytest.mark.parametrize("name", CODES)
def test_the_copied_python_makes_the_same_morph(visit, name):
    page = visit(fragment=CODES[name])
    settled(page)
    page.wait_for_timeout(100)
    code = page.evaluate("() => Steerlens.pythonCode(Steerlens.page.state)")
    ours = page.evaluate(
        "() => Steerlens.page.film.morphs.map((morph) => [...Steerlens.page.film.frame(morph).image])"
    )
    made = {}
    exec(code, made)
    shown = [made[key] for key in ("shown", "shown_a", "shown_b") if key in made]
    assert len(shown) == len(ours) == (2 if name == "compared" else 1)
    for image, expected in zip(ours, shown, strict=True):
        assert (torch.tensor(image, dtype=torch.float64) - expected.flatten()).abs().max() < 1e-3


def test_two_methods_at_equal_distance(visit):
    page = visit(viewport={"width": 1280, "height": 900})
    page.check("#compare")
    settled(page)
    page.wait_for_function("() => Steerlens.page.judge", timeout=SOON)
    found = page.evaluate(
        "() => Steerlens.page.film.morphs.map((morph) => Steerlens.page.film.frame(morph).distance)"
    )
    assert found[0] == pytest.approx(found[1], abs=1.1e-3) and found[0] > 1
    page.screenshot_of("compared")


def test_the_keyboard_plays(visit):
    page = visit(fragment=f"#{STATE}", viewport={"width": 1280, "height": 900})
    settled(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.querySelector('#timeline input').value === '6'")
    page.get_by_role("button", name="1", exact=True).focus()
    page.keyboard.press("9")
    page.wait_for_function("() => Steerlens.page.state.target === 9 && Steerlens.page.film.playing")
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press(" ")
    page.wait_for_function("() => !Steerlens.page.film.playing")
    page.locator("#timeline input").focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => Steerlens.page.film.position === 0")
    reached = page.evaluate(
        """() => {
          const controls = [...document.querySelectorAll('button, input, a, summary')];
          const beyond = controls.filter((each) => each.offsetParent && each.tabIndex < 0);
          return beyond.map((each) => each.outerHTML);
        }"""
    )
    assert reached == []


def test_who_wants_less_motion_sees_the_end_and_may_play(visit):
    page = visit(reduced_motion="reduce")
    settled(page)
    found = page.evaluate("() => [Steerlens.page.film.playing, Steerlens.page.film.position]")
    assert found == [False, STEPS]
    before = pixels(page)
    page.wait_for_timeout(2500)
    assert pixels(page) == before
    page.locator("#timeline button").click()
    wait_for_motion(page)


def test_files_are_checked_and_named(visit):
    page = visit()
    page.wait_for_selector("ul#weights", timeout=SOON)
    assert page.inner_text("#weights").count("(checked here)") == len(play.NETWORKS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["play.html", "pyramid.html", "index.html"])
def test_nothing_is_wider_than_the_screen(visit, name, width, scheme):
    page = visit(name, viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    page.wait_for_timeout(1500)
    page.screenshot_of("as-it-is")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        """() => [...document.querySelectorAll('button, label, p, h1, h2, figcaption, li, output')]
          .filter((each) => each.offsetParent && getComputedStyle(each).display !== 'inline')
          .filter((each) => each.id !== 'status')
          .filter((each) => each.scrollWidth > each.clientWidth + 1)
          .map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert cut == []


COLORS = ["paper", "card", "press", "ink", "soft", "control", "a", "b", "judge", "good", "bad", "on-a"]


def luminance(color):
    channels = [value / 255 for value in color]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_that_of_wcag_aa(visit, scheme):
    page = visit(color_scheme=scheme)
    colors = page.evaluate(
        """(names) => {
          const probe = document.createElement("canvas").getContext("2d");
          const paint = document.body.appendChild(document.createElement("span"));
          const rgb = (name) => {
            paint.style.color = `var(${name})`;
            probe.fillStyle = getComputedStyle(paint).color;
            probe.fillRect(0, 0, 1, 1);
            return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
          };
          return Object.fromEntries(names.map((name) => [name, rgb(`--${name}`)]));
        }""",
        COLORS,
    )
    text = [("ink", "paper"), ("ink", "card"), ("ink", "press"), ("soft", "paper"), ("soft", "card")]
    text += [(name, "card") for name in ("a", "b", "judge", "good", "bad")] + [("on-a", "a"), ("a", "paper")]
    text += [("a", "press"), ("judge", "press"), ("b", "press")]
    for needed, pairs in ((4.5, text), (3.0, [("control", "card")])):
        for front, back in pairs:
            dark, light = sorted((luminance(colors[front]), luminance(colors[back])))
            assert (light + 0.05) / (dark + 0.05) >= needed, (front, back)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["play.html", "pyramid.html"])
def test_axe_finds_nothing(visit, barriers, name, scheme):
    page = visit(name, color_scheme=scheme)
    page.wait_for_timeout(1500)
    assert barriers(page) == []


def wait_for_readout(page, text):
    page.wait_for_function("text => document.getElementById('readout').textContent.includes(text)", arg=text)


def test_phases_turn_and_the_picture_moves(visit):
    page = visit("pyramid.html", viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.locator("#turned canvas").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    wait_for_readout(page, "Asked for: 3.0 px right, 2.0 px down")
    went = page.inner_text("#readout").split("went ")[1]
    assert float(went.split(" px")[0]) == pytest.approx(3, abs=0.5)
    page.screenshot_of("moved")
    page.get_by_role("button", name="Fine alone").click()
    page.locator("#lowpass").uncheck()
    page.wait_for_function("() => document.querySelectorAll('#wheels [aria-pressed=true]').length === 4")
    wait_for_readout(page, "went 0.0 px")
    page.get_by_text("Drawing", exact=True).click()
    page.get_by_text("by one angle").click()
    box = page.locator("#source canvas").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 150, steps=5)
    page.mouse.up()
    page.wait_for_function("() => Steerlens.page.strokes.length === 1")
    assert page.evaluate("() => Steerlens.page.strokes[0].length") > 3
    page.screenshot_of("drawn")


def test_a_disk_is_dragged(visit):
    page = visit("pyramid.html", viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    box = page.locator("#source canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_function("() => Math.abs(Steerlens.page.centre[0] - 48) < 1")
