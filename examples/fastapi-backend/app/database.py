"""The connection to the database, opened when it is first needed."""

import os
from functools import cache

from sqlalchemy import create_engine
from sqlalchemy.orm import Session


@cache
def engine():
    return create_engine(os.environ["DATABASE_URL"])


def session():
    with Session(engine()) as open_session:
        yield open_session
