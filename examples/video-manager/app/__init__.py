"""Keeps a library of videos: what is there, and a thumbnail of each."""

from flask import Flask, jsonify, render_template

from . import library


def create_app():
    app = Flask(__name__)
    session = library.open_session("sqlite://")

    @app.get("/")
    def index():
        return render_template("index.html", videos=library.all_videos(session))

    @app.get("/health")
    def health():
        return jsonify(status="healthy", videos=len(library.all_videos(session)))

    return app
