# A torch module with an embedding layer over characters, pooled; its own seed makes the weights.
import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters = nn.EmbeddingBag(256, 16, mode="mean")
        self.head = nn.Linear(16, 12)

    def forward(self, tokens, offsets):
        return torch.relu(self.head(self.letters(tokens, offsets)))


torch.manual_seed(1)
model = Model().eval()


def embed(ids, context):
    tokens, offsets = [], []
    for i in ids:
        offsets.append(len(tokens))
        tokens += list(i.encode("utf8", "surrogateescape")) or [0]
    with torch.no_grad():
        return model(torch.tensor(tokens), torch.tensor(offsets))
