"""Sphinx configuration of the site, which is read from the file system, without a network."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import dressing
import reference
from series import REPOSITORY

project = "Steerlens"
author = "Steerlens contributors"
html_title = project
html_show_copyright = False
html_theme = "sphinx_book_theme"
html_theme_options = {
    "repository_url": REPOSITORY,
    "repository_branch": "main",
    "path_to_docs": "notebooks",
    "use_repository_button": True,
    "navbar_persistent": [],  # the search field is in the side bar
    "launch_buttons": {
        "colab_url": "https://colab.research.google.com",
        "binderhub_url": "https://mybinder.org",
    },
}
html_context = {"default_mode": "auto"}
html_show_search_summary = False  # a page opened from the file system may not fetch another one
html_use_index = False
extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_codeautolink",  # names of the module in the lessons' code are links to the reference
]
default_role = "code"
napoleon_use_ivar = True
autodoc_typehints = "none"  # they stand in the signature
autodoc_typehints_format = "short"
autosummary_generate = False
codeautolink_concat_default = True
suppress_warnings = ["codeautolink.parse_block"]  # set-up cells have a line of IPython
exclude_patterns = [".doctrees"]

# Notebooks come executed; a widget is shown by the picture that goes with it.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# One local file renders the formulas, as SVG, which needs no fonts.
mathjax_folder = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static/mathjax"
mathjax_path = "tex-svg.js"
html_static_path = ["site.css", str(mathjax_folder / mathjax_path)]
html_css_files = ["site.css"]


def without_formulas(app, page, template, context, doctree):
    """The index, whose playground is to move at once, has no formula to wait for."""
    if page == "index":
        scripts = context["script_files"]
        context["script_files"] = [each for each in scripts if mathjax_path not in str(each.filename)]


def setup(app):
    """Docstrings are plain text; cells carry their ids."""
    app.connect("autodoc-process-docstring", reference.prepare, priority=400)  # before napoleon
    app.connect("doctree-read", dressing.anchors)
    app.connect("doctree-read", dressing.notices)
    app.connect("html-page-context", without_formulas, priority=900)  # after MathJax's own
