from mcp_server.memory import Memory


def test_recall(tmp_path):
    memory = Memory(tmp_path)
    memory.retain("ships carry a mark on the hull")
    memory.retain("bread is baked from flour")
    assert memory.recall("the hull of a ship")[0][0].startswith("ships")
