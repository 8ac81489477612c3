"""A dense autoencoder in the manner of MIMII's baseline: what a detector that looks at single frames reaches.

64 log-mel bands of 5 neighbouring frames, layers of 64-64-8-64-64 units, 50 epochs of Adam, score: mean squared error
(Purohit et al., "MIMII Dataset", DCASE Workshop 2019; published for fans: AUC 0.91 / 0.81 / 0.66 at 6 / 0 / -6 dB).
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

N_FRAMES = 5
N_EPOCHS = 50
BATCH = 512


class Autoencoder:
    """The baseline, fitted on normal clips.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, log_mels: list[np.ndarray]) -> "Autoencoder":
        """Learn to reproduce the frames of normal clips, each (n_mels, n_frames) in dB."""
        torch.manual_seed(self.seed)
        vectors = torch.cat([_vectors(log_mel) for log_mel in log_mels])
        n_inputs = vectors.shape[1]
        sizes = [n_inputs, 64, 64, 8, 64, 64, n_inputs]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        self.network = nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(self.network.parameters())
        for _ in range(N_EPOCHS):
            for batch in vectors[torch.randperm(len(vectors))].split(BATCH):
                optimizer.zero_grad()
                nn.functional.mse_loss(self.network(batch), batch).backward()
                optimizer.step()
        return self

    def anomaly_score(self, log_mel: np.ndarray) -> float:
        """Mean squared error of a clip's frames; larger is more anomalous."""
        with torch.no_grad():
            vectors = _vectors(log_mel)
            return float(torch.mean((self.network(vectors) - vectors) ** 2))


def _vectors(log_mel: np.ndarray) -> torch.Tensor:
    """Neighbouring frames side by side, (n_frames - 4, 5 * n_mels)."""
    windows = np.lib.stride_tricks.sliding_window_view(log_mel, N_FRAMES, axis=1)
    return torch.from_numpy(windows.transpose(1, 2, 0).reshape(windows.shape[1], -1).astype(np.float32))
