"""The answers over HTTP."""

from fastapi import FastAPI

from .retrieval import Index

app = FastAPI()
index = Index()


@app.get("/health")
def health():
    return {"status": "healthy", "sentences": len(index.sentences)}


@app.get("/answer")
def answer(question: str):
    return {"answer": index.answer(question)}
