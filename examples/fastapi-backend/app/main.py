"""Serves words and their metres from a database."""

import psycopg2
from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import database
from .models import Line, Verse

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "healthy", "libpq": psycopg2.extensions.libpq_version()}


@app.get("/verses")
def verses(session: Session = Depends(database.session)) -> list[Verse]:
    return [Verse.model_validate(line) for line in session.scalars(select(Line))]
