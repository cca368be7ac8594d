#!/usr/bin/python3
"""Turns a picture of `spikecast map --picture` into a PNG.

    scripts/picture_png.py PICTURE.svg [--output PICTURE.png] [--width PIXELS]

Draws what these pictures are made of (groups that are moved, rectangles, paths of straight lines, text) and refuses
anything else, so it is no reader of other SVG files.
"""
import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as tree

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import PathPatch, Rectangle  # noqa: E402
from matplotlib.path import Path  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
STYLES = {"title": (24, "bold", "#22223b", "left"), "sub": (14, "normal", "#55556b", "left"),
          "panel": (17, "normal", "#22223b", "center"), "scale": (12, "normal", "#22223b", "left")}


def path_of(text):
    """The path of M, L and Z commands."""
    points, codes, start = [], [], None
    for command, x, y in re.findall(r"([MLZ])(?:(-?[\d.]+) (-?[\d.]+))?", text):
        if command == "Z":
            points.append(start)
            codes.append(Path.CLOSEPOLY)
            continue
        points.append((float(x), float(y)))
        codes.append(Path.MOVETO if command == "M" else Path.LINETO)
        if command == "M":
            start = points[-1]
    return Path(points, codes)


class Drawing:
    def __init__(self, svg, pixels):
        self.width, self.height = float(svg.get("width")), float(svg.get("height"))
        self.dpi = 72.0 * pixels / self.width  # a unit of the picture is a point, of which 72 make an inch
        self.figure = plt.figure(figsize=(self.width / 72.0, self.height / 72.0), dpi=self.dpi)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, self.width)
        self.axes.set_ylim(self.height, 0)
        self.axes.axis("off")
        self.layer = 0
        for child in svg:
            self.draw(child, 0.0, 0.0)

    def draw(self, element, x, y):
        kind = element.tag.removeprefix(SVG)
        self.layer += 1
        if kind == "g":
            moved = re.fullmatch(r"translate\((-?[\d.]+) (-?[\d.]+)\)", element.get("transform"))
            for child in element:
                self.draw(child, x + float(moved[1]), y + float(moved[2]))
        elif kind == "rect":
            at = x + float(element.get("x", 0)), y + float(element.get("y", 0))
            self.axes.add_patch(Rectangle(at, float(element.get("width")), float(element.get("height")), linewidth=0,
                                          facecolor=element.get("fill"), zorder=self.layer))
        elif kind == "path":
            path = path_of(element.get("d"))
            path = Path(path.vertices + (x, y), path.codes)
            if element.get("fill") != "none":
                self.axes.add_patch(PathPatch(path, facecolor=element.get("fill"), linewidth=0, zorder=self.layer))
            else:
                self.axes.add_patch(PathPatch(path, facecolor="none", edgecolor=element.get("stroke"),
                                              linewidth=float(element.get("stroke-width")),
                                              capstyle=element.get("stroke-linecap"), zorder=self.layer))
        elif kind == "text":
            size, weight, colour, align = STYLES[element.get("class")]
            align = {"end": "right"}.get(element.get("text-anchor"), align)
            self.axes.text(x + float(element.get("x")), y + float(element.get("y")), element.text or "", fontsize=size,
                           fontweight=weight, color=colour, horizontalalignment=align, verticalalignment="baseline",
                           zorder=self.layer, parse_math=False)
        elif kind != "style":
            sys.exit(f"picture_png.py: there is a <{kind}>, which pictures of `spikecast map` don't have")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, help="[the same name with .png]")
    parser.add_argument("--width", type=int, default=1824, help="pixels [1824]")
    arguments = parser.parse_args()
    if not 100 <= arguments.width <= 20000:
        sys.exit(f"picture_png.py: --width is {arguments.width}, but must be 100 to 20000 pixels")
    try:
        svg = tree.parse(arguments.picture).getroot()
    except (OSError, tree.ParseError) as error:
        sys.exit(f"picture_png.py: {arguments.picture}: {error}; give a picture of `spikecast map --picture FILE.svg`")
    if svg.tag != SVG + "svg" or svg.get("width") is None:
        sys.exit(f"picture_png.py: {arguments.picture} is no picture of `spikecast map --picture FILE.svg`")
    output = arguments.output or arguments.picture.with_suffix(".png")
    drawing = Drawing(svg, arguments.width)
    try:
        drawing.figure.savefig(output, dpi=drawing.dpi)
    except OSError as error:
        sys.exit(f"picture_png.py: {output}: {error}")
    print(output)


if __name__ == "__main__":
    main()
