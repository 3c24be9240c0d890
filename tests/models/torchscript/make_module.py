"""Makes module.pt of this folder: letters of an id, embedded, averaged over those that are there, and a linear layer.

    python3 make_module.py FOLDER
"""
import os
import sys

import torch


class Letters(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.letters = torch.nn.Embedding(128, 8, padding_idx=0)
        self.head = torch.nn.Linear(8, 12)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:  # ids × letters, 0 where there is none
        n = (tokens > 0).sum(dim=1, keepdim=True).clamp(min=1)
        return torch.tanh(self.head(self.letters(tokens % 128).sum(dim=1) / n))


if __name__ == "__main__":
    torch.manual_seed(3)
    torch.jit.script(Letters().eval()).save(os.path.join(sys.argv[1], "module.pt"))
