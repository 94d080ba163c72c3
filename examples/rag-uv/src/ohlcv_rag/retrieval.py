"""Finds the sentences that a question is about."""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from . import prices


class Index:
    def __init__(self):
        self.sentences = list(prices.sentences(prices.load()))
        self.vectorizer = TfidfVectorizer()
        vectors = self.vectorizer.fit_transform(self.sentences)
        self.neighbors = NearestNeighbors(metric="cosine").fit(vectors)

    def answer(self, question, most=2):
        most = min(most, len(self.sentences))
        _, found = self.neighbors.kneighbors(self.vectorizer.transform([question]), n_neighbors=most)
        return [self.sentences[at] for at in found[0]]
