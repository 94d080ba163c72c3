"""What is kept, and what is answered."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    metre: Mapped[str]


class Verse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    text: str
    metre: str
