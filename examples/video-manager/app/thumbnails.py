"""Thumbnails: a frame of the video, taken by ffmpeg and made smaller."""

import io
import subprocess

import requests
from PIL import Image


def of_file(path, target, width=320):
    command = ["ffmpeg", "-ss", "1", "-i", path, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"]
    frame = subprocess.run(command, check=True, capture_output=True).stdout
    save(frame, target, width)


def of_address(address, target, width=320):
    save(requests.get(address, timeout=10).content, target, width)


def save(picture, target, width):
    image = Image.open(io.BytesIO(picture))
    image.thumbnail((width, width))
    image.save(target)
