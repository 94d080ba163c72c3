from app import create_app


def test_health():
    answer = create_app().test_client().get("/health")
    assert answer.json == {"status": "healthy", "videos": 0}
