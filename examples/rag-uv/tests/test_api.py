from fastapi.testclient import TestClient

from ohlcv_rag.api import app


def test_answer():
    answer = TestClient(app).get("/answer", params={"question": "BBB rose"}).json()
    assert "BBB rose" in answer["answer"][0]
