"""A web application with a database driver that is compiled when it is installed."""

import psycopg2
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return {"libpq": psycopg2.extensions.libpq_version()}
