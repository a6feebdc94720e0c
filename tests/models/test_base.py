import json

import lightning
import pytest
import torch
from torch import nn

from genre_lightning.data.windows import Statistics
from genre_lightning.errors import UserError
from genre_lightning.models.base import Standardise, lay_out_state
from genre_lightning.models.mlp import MLP

SCHEDULE = {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "max_lr": 0.05}


def test_logits_are_the_head_of_the_embedding(kind, build, batch):
    model = build(kind).eval()
    embedding = model.embed(batch.features)
    assert embedding.shape == (6, model.head.in_features)
    torch.testing.assert_close(embedding, model.encoder(batch.features))
    torch.testing.assert_close(model(batch.features), model.head(embedding))
    assert model(batch.features).shape == (6, 3) and isinstance(model.head, nn.Linear)


@pytest.mark.parametrize(("n_frames", "n_features", "n_genres"), [(1, 5, 2), (7, 40, 10), (33, 13, 4)])
def test_windows_of_any_length_and_width_work(kind, build, n_frames, n_features, n_genres):
    model = build(kind, n_frames=n_frames, n_features=n_features, n_genres=n_genres).eval()
    logits = model(torch.randn(3, n_frames, n_features))
    assert logits.shape == (3, n_genres) and logits.isfinite().all()


def test_the_encoder_standardises_with_the_stored_statistics(kind, build, batch):
    model, plain = build(kind).eval(), build(kind).eval()
    plain.load_state_dict(model.state_dict())
    mean, std = torch.randn(12), torch.rand(12) + 0.5
    model.prepare(Statistics(mean, std, torch.ones(3)))
    assert isinstance(model.encoder[0], Standardise)
    torch.testing.assert_close(model.encoder[0](batch.features), (batch.features - mean) / std)
    torch.testing.assert_close(model(batch.features), plain((batch.features - mean) / std))


def test_dropout_is_at_work_in_training_only(kind, build, batch):
    model = build(kind, dropout=0.5)
    assert torch.equal(model.eval()(batch.features), model(batch.features))
    assert not torch.equal(model.train()(batch.features), model(batch.features))


def test_an_encoder_without_standardise_is_refused(kind, build):
    model = build(kind)
    model.encoder = nn.Sequential(nn.Flatten())
    with pytest.raises(AssertionError, match=kind.__name__):
        model.prepare(statistics())


def statistics():
    return Statistics(torch.randn(12), torch.rand(12) + 0.5, torch.tensor([1.0, 2.0, 3.0]))


def test_a_checkpoint_holds_nothing_that_could_run_and_brings_the_model_back(kind, build, batch, tmp_path):
    model = build(kind, schedule=SCHEDULE, class_weights=True, label_smoothing=0.1).eval()
    model.prepare(statistics())
    path = tmp_path / "model.ckpt"
    trainer = lightning.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path)
    settings = torch.load(path, weights_only=True)["hyper_parameters"]
    assert json.loads(json.dumps(settings)) == settings and settings["n_frames"] == 20
    again = kind.load_from_checkpoint(path, weights_only=True).eval()
    assert torch.equal(again(batch.features), model(batch.features))
    assert again.training_step(batch, 0).item() == model.training_step(batch, 0).item()


def test_a_handful_of_windows_can_be_learnt_by_heart(kind, build, batch):
    model = build(kind).train()
    optimizer = model.configure_optimizers()
    for _ in range(60):
        optimizer.zero_grad()
        model.training_step(batch, 0).backward()
        assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in model.parameters())
        optimizer.step()
    assert torch.equal(model.eval()(batch.features).argmax(1), batch.target.argmax(1))
    assert model.loss(model(batch.features), batch.target).item() < 0.2


@pytest.mark.parametrize("settings", [{"label_smoothing": 0.2}, {"class_weights": True}])
def test_label_smoothing_and_class_weights_change_the_loss(kind, build, batch, settings):
    plain, changed = build(kind).eval(), build(kind, **settings).eval()
    plain.head.weight.data *= 10  # a new network is unsure of everything
    changed.load_state_dict(plain.state_dict(), strict=False)
    if changed.loss.weight is not None:
        changed.loss.weight.copy_(torch.tensor([1.0, 5.0, 0.1]))
    assert abs(plain.training_step(batch, 0).item() - changed.training_step(batch, 0).item()) > 1e-4


def test_a_genre_of_weight_zero_is_not_learnt(build, batch):
    model = build(MLP, class_weights=True).eval()
    model.prepare(statistics()._replace(class_weights=torch.tensor([1.0, 1.0, 0.0])))
    third = batch.target.argmax(1) == 2
    logits = model(batch.features)
    loss, others = model.loss(logits, batch.target), model.loss(logits[~third], batch.target[~third])
    torch.testing.assert_close(loss * len(third), others * int((~third).sum()))


def test_mixed_targets_are_learnt_in_their_shares(build, batch):
    model = build(MLP).eval()
    blended = 0.7 * batch.target + 0.3 * batch.target.roll(1, 0)
    parts = [
        model.training_step(batch._replace(target=target), 0) for target in (batch.target, batch.target.roll(1, 0))
    ]
    torch.testing.assert_close(model.training_step(batch._replace(target=blended), 0), 0.7 * parts[0] + 0.3 * parts[1])


def test_weight_decay_leaves_biases_and_normalisation_alone(kind, build):
    model = build(kind)
    decayed, spared = model.configure_optimizers().param_groups
    assert decayed["weight_decay"] == 0.1 and spared["weight_decay"] == 0.0
    names = {weight: name for name, weight in model.named_parameters()}
    assert {id(weight) for weight in (*decayed["params"], *spared["params"])} == set(map(id, model.parameters()))
    assert all("bias" not in names[weight] for weight in decayed["params"])
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert {id(norm.weight) for norm in norms} <= set(map(id, spared["params"]))
    assert any(weight is model.head.weight for weight in decayed["params"])


def test_the_optimizer_is_the_configured_one(build):
    model = build(MLP, optimizer={"_target_": "torch.optim.SGD", "lr": 0.3, "momentum": 0.5})
    optimizer = model.configure_optimizers()
    assert isinstance(optimizer, torch.optim.SGD) and optimizer.param_groups[0]["lr"] == 0.3


def test_a_temperature_divides_the_logits_wherever_they_are_computed(kind, build, batch):
    model = build(kind).eval()
    before, embedding = model(batch.features), model.embed(batch.features)
    model.calibrate(2.0)
    torch.testing.assert_close(model(batch.features), before / 2)
    torch.testing.assert_close(model.head(embedding), before / 2)
    assert float(model.temperature) == 2.0 and float(model.state_dict()["temperature"]) == 2.0


@pytest.fixture
def begun():
    """A fused optimizer that has made a step, and its weight."""
    weight = nn.Parameter(torch.ones(4, 3))
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.sum().backward()
    optimizer.step()
    return optimizer, optimizer.state[weight]


@pytest.mark.parametrize("other", [torch.zeros(3), torch.zeros(1).expand(10**11), torch.zeros(0), "x", [1]])
def test_what_an_optimizer_remembers_must_be_of_the_shape_of_its_weights(begun, other):
    optimizer, state = begun
    lay_out_state(optimizer)
    state["exp_avg"] = other
    with pytest.raises(UserError, match=r"ckpt_path: the optimizer's exp_avg is not of the shape of its weights"):
        lay_out_state(optimizer)


def test_what_an_optimizer_remembers_has_memory_of_its_own(begun):
    optimizer, state = begun
    state["exp_avg"] = torch.ones(1).expand(4, 3)  # one number in memory, of which a fused step would read twelve
    lay_out_state(optimizer)
    assert state["exp_avg"].is_contiguous() and bool((state["exp_avg"] == 1).all())
