"""Serves the memory."""

import uvicorn
from fastapi import FastAPI

from .memory import Memory

app = FastAPI()
memory = Memory()


@app.get("/health")
def health():
    return {"status": "healthy", "texts": len(memory.texts)}


@app.post("/retain")
def retain(text: str):
    memory.retain(text)


@app.get("/recall")
def recall(question: str):
    return memory.recall(question)


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000)
