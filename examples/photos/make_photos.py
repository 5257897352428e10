"""Writes four of scikit-image's photographs as PNG files beside this script.

    python examples/photos/make_photos.py

Needs scikit-image and Pillow.
"""

from pathlib import Path

from PIL import Image
from skimage import data

PHOTOGRAPHS = {"cat": data.chelsea, "coffee": data.coffee, "rocket": data.rocket, "astronaut": data.astronaut}


def main():
    for name, load in PHOTOGRAPHS.items():
        Image.fromarray(load()).save(Path(__file__).with_name(f"{name}.png"), optimize=True)


if __name__ == "__main__":
    main()
