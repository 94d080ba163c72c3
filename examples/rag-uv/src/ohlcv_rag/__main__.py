"""The answers on the command line."""

import sys

from .retrieval import Index

print("\n".join(Index().answer(" ".join(sys.argv[1:]))))
