# torch that wants all the threads it can get: a product that is large enough for OpenMP.
import torch

about = {"name": "torch_openmp", "version": "0.3.0", "licence": "MIT"}
torch.manual_seed(2)
mixing = torch.randn(512, 512) / 22


def embed(ids, context, n_threads):
    torch.set_num_threads(n_threads)
    rows = torch.zeros(len(ids), 512)
    for row, name in zip(rows, ids):
        for k, b in enumerate(name.encode("utf8", "surrogateescape")):
            row[(b * 7 + k) % 512] += 1.0
    for _ in range(3):
        rows = torch.tanh(rows @ mixing)
    return rows[:, :20].double()
