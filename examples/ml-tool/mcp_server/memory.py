"""A memory for texts that finds those that are near in meaning."""

import os
from pathlib import Path

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity


class Memory:
    def __init__(self, folder=None):
        self.file = Path(folder or os.environ.get("MEMORY_FOLDER", ".")) / "texts.csv"
        self.texts = pd.read_csv(self.file)["text"].tolist() if self.file.exists() else []

    def retain(self, text):
        self.texts.append(text)
        pd.DataFrame({"text": self.texts}).to_csv(self.file, index=False)

    def recall(self, question, most=3):
        """The texts that are nearest to the question, the nearest first."""
        if not self.texts:
            return []
        vectors = TfidfVectorizer().fit_transform([*self.texts, question])
        nearness = cosine_similarity(vectors[-1], vectors[:-1])[0]
        order = nearness.argsort()[::-1][:most]
        return [(self.texts[at], float(nearness[at])) for at in order]
