"""Models that come with the user: an ONNX file and its tokenizer."""

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


class Embedder:
    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.session = onnxruntime.InferenceSession(f"{folder}/model.onnx")

    def embed(self, text):
        tokens = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
        (answer,) = self.session.run(None, {self.session.get_inputs()[0].name: tokens})
        return answer.mean(axis=1)[0]
