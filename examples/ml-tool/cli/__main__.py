"""Asks the memory from the command line: `python -m cli "the question"`."""

import sys

from mcp_server.memory import Memory

for text, nearness in Memory().recall(" ".join(sys.argv[1:])):
    print(f"{nearness:.2f}  {text}")
