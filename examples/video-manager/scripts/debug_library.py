"""Prints the videos of a database."""

import sys

from app import library

for video in library.all_videos(library.open_session(sys.argv[1])):
    print(video.id, video.title, video.address)
