"""Learning itself: epoch after epoch, the best of which is kept."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auscult.diagnose.augmentation import augmented
from auscult.diagnose.batches import Batch, learning_batches, n_learning_batches, whole_batches
from auscult.diagnose.calibration import calibrate
from auscult.diagnose.checkpoint import State, fingerprint, load_checkpoint, save_checkpoint
from auscult.diagnose.examples import Examples, compressed
from auscult.diagnose.fitted import Epoch, Fitted
from auscult.diagnose.networks import NETWORKS, Network
from auscult.diagnose.training import Training
from auscult.errors import DataError
from auscult.metrics import macro_f1

RISE = 0.3
"""Share of all steps in which the learning rate rises, from a 25th; then it falls to nothing. L. Smith and N. Topin,
"Super-convergence: very fast training of neural networks using large learning rates", 2018; as PyTorch's OneCycleLR."""


def learn(
    learnt: Examples,
    held_out: Examples,
    class_names: tuple[str, ...],
    training: Training,
    *,
    device: torch.device,
    warning: str | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    path: Path | None = None,
) -> Fitted:
    """Learn from clips that were checked; see `auscult.diagnose.training.fit_network`."""
    with repeatable(device):
        learner = _Learner(learnt, held_out, len(class_names), training, device)
        mark = "" if path is None else fingerprint(learnt, held_out, class_names, training, device.type)
        if path is not None and (state := load_checkpoint(path, mark)) is not None:
            learner.restore(state)
        while not learner.is_over:
            epoch = learner.next_epoch()
            if path is not None:
                save_checkpoint(path, learner.state(), mark)
            if on_epoch is not None:
                on_epoch(epoch)
        return learner.fitted(class_names, warning)


class _Learner:
    """A network, and how far it has come."""

    def __init__(
        self, learnt: Examples, held_out: Examples, n_classes: int, training: Training, device: torch.device
    ) -> None:
        self.learnt, self.held_out, self.n_classes = learnt, held_out, n_classes
        self.training, self.recipe, self.device = training, training.recipe, device
        _draw_from(training.seed, 0)
        network = NETWORKS[training.network](learnt.n_bands, learnt.n_changes, n_classes)
        # Convolutions of few channels are quicker with the channels last.
        self.network: Network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=self.recipe.weight_decay, fused=True)
        self.class_weights = torch.ones(n_classes, device=device)
        if self.recipe.has_class_weights:
            n_clips = np.bincount(learnt.labels, minlength=n_classes)
            self.class_weights = torch.from_numpy((len(learnt) / n_classes / n_clips).astype(np.float32)).to(device)
        median = int(np.median(learnt.n_frames))
        self.n_frames = median if self.recipe.most_frames is None else min(median, self.recipe.most_frames)
        self.n_steps = max(n_learning_batches(len(learnt), self.recipe.batch_size), self.recipe.least_steps)
        self.changes = torch.from_numpy(compressed(learnt.changes))
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0
        self.duration_s = 0.0

    @property
    def is_over(self) -> bool:
        n_done = len(self.history)
        return n_done >= self.recipe.n_epochs or (n_done > 0 and n_done - self.best_epoch >= self.training.patience)

    def next_epoch(self) -> Epoch:
        started, number = time.perf_counter(), len(self.history) + 1
        rng = _draw_from(self.training.seed, number)
        loss = self._steps(rng, number)
        logits = logits_of(self.network, self.held_out, self.device)
        losses = torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(self.held_out.labels))
        if not (math.isfinite(loss) and math.isfinite(losses.item())):
            rate = self.recipe.learning_rate
            problem = f"the loss is not a number any more, in epoch {number} at a learning rate of {rate:g}"
            remedy = "Lower the learning rate; if that does not help, look for clips with absurd values."
            raise DataError("learning", problem, remedy)
        score = macro_f1(self.held_out.labels, logits.argmax(axis=1))
        epoch = Epoch(number, loss, losses.item(), score, self.optimizer.param_groups[0]["lr"])
        if not self.history or epoch.is_better_than(self.history[self.best_epoch - 1]):
            self.best_epoch = number
            self.best = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.history.append(epoch)
        self.duration_s += time.perf_counter() - started
        return epoch

    def _steps(self, rng: np.random.Generator, number: int) -> float:
        """Move the weights, a batch at a time, and return the mean loss."""
        self.network.train()
        total = torch.zeros((), device=self.device)
        for step, (places, patches) in enumerate(islice(self._batches(rng), self.n_steps)):
            self._set_rate((number - 1 + (step + 0.5) / self.n_steps) / self.recipe.n_epochs)
            batch = (torch.from_numpy(patches), self.changes[places], self._targets(places))
            inputs, changes, targets = (value.to(self.device) for value in batch)
            if self.recipe.is_augmented:
                inputs, changes, targets = augmented(inputs, changes, targets, rng)
            # bfloat16 has float32's range, so that losses need no scaling.
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
                logits = self.network(inputs, changes)
            logarithms = logits.float().log_softmax(dim=1)
            loss = -(targets * self.class_weights * logarithms).sum(dim=1).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return float(total.item()) / self.n_steps

    def _batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """All clips, again and again."""
        while True:
            yield from learning_batches(self.learnt, n_frames=self.n_frames, batch_size=self.recipe.batch_size, rng=rng)

    def _set_rate(self, share: float) -> None:
        """Set the rate for a step of which this share of all steps is over."""
        height = one_cycle(share) if self.recipe.is_annealed else 1.0
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * height
            if self.recipe.is_annealed:  # the momentum falls where the rate rises
                group["betas"] = (0.95 - 0.1 * height, 0.999)

    def _targets(self, places: NDArray[np.int64]) -> Tensor:
        labels = torch.from_numpy(self.learnt.labels[places])
        return torch.nn.functional.one_hot(labels, self.n_classes).to(torch.float32)

    def state(self) -> State:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "best_epoch": self.best_epoch,
            "history": [list(epoch) for epoch in self.history],
            "duration_s": self.duration_s,
        }

    def restore(self, state: State) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.history = [Epoch(*values) for values in state["history"]]
        self.duration_s = state["duration_s"]

    def fitted(self, class_names: tuple[str, ...], warning: str | None) -> Fitted:
        """The best epoch's network, with what the held-out clips say about its probabilities."""
        self.network.load_state_dict(self.best)
        found = calibrate(logits_of(self.network, self.held_out, self.device), self.held_out.labels)
        return Fitted(
            class_names=class_names,
            network=self.training.network,
            n_bands=self.learnt.n_bands,
            n_changes=self.network.n_changes,
            weights={name: value.cpu().numpy().copy() for name, value in self.best.items()},
            temperature=found.temperature,
            unknown_below=found.unknown_below,
            calibration_error=found.calibration_error,
            history=tuple(self.history),
            best_epoch=self.best_epoch,
            n_parameters=sum(parameter.numel() for parameter in self.network.parameters()),
            duration_s=self.duration_s,
            device=self.device.type,
            warning=warning,
        )


def logits_of(network: Network, examples: Examples, device: torch.device) -> NDArray[np.float32]:
    """Logits of whole clips, shape (n_clips, n_classes), from a network that is on this device."""
    network.eval()
    changes = torch.from_numpy(compressed(examples.changes))
    logits = np.empty((len(examples), network.output.out_features), dtype=np.float32)
    with torch.inference_mode():
        for places, patches in whole_batches(examples):
            found = network(torch.from_numpy(patches).to(device), changes[places].to(device))
            logits[places] = found.cpu().numpy()
    return logits


def one_cycle(share: float) -> float:
    """Height of the learning rate, 0 to 1, when this share of all steps is over."""
    if share < RISE:
        return 1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * share / RISE)) / 2
    return (1 + math.cos(math.pi * (share - RISE) / (1 - RISE))) / 2


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """While it lasts, PyTorch computes on one thread, and on the processor always the same; then all is as before."""
    n_threads, is_deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    is_lenient = torch.is_deterministic_algorithms_warn_only_enabled()
    determinism: Any = torch.utils.deterministic  # its types do not say what it has
    is_filled = determinism.fill_uninitialized_memory
    torch.set_num_threads(1)  # sums of several are rounded as chance has it
    if device.type == "cpu":  # on CUDA it would refuse what the environment does not allow for
        torch.use_deterministic_algorithms(True)
        determinism.fill_uninitialized_memory = False  # it would take an eighth of the time, and nothing here reads it
    try:
        with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device.type == "cuda" else []):
            yield
    finally:
        torch.set_num_threads(n_threads)
        torch.use_deterministic_algorithms(is_deterministic, warn_only=is_lenient)
        determinism.fill_uninitialized_memory = is_filled


def _draw_from(seed: int, epoch: int) -> np.random.Generator:
    """Generator for an epoch, and PyTorch's own, which dropout draws from, set for it."""
    sequence = np.random.SeedSequence([seed, epoch])
    torch.manual_seed(int(sequence.generate_state(1, np.uint32)[0]))
    return np.random.default_rng(sequence)
