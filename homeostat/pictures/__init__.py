"""Small plots as inline SVG, for the console and the reports: no script, no style of their own, every word escaped.

The colours, light and dark, are in `pictures.css`, which the console serves and a report carries within itself.
"""

from __future__ import annotations

import pathlib

STYLE_SHEET = pathlib.Path(__file__).with_name("pictures.css").read_text(encoding="utf-8")
