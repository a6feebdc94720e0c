"""The other half of CLAP, which reads texts: their vectors lie in the space of those that it hears."""

import torch
from torch import Tensor, nn

from genre_lightning.errors import UserError
from genre_lightning.pretrained.hub import WORDS as TOKENS
from genre_lightning.pretrained.hub import Name, settings_in, told_if_damaged
from genre_lightning.pretrained.transformer import WORDS, Settings, build

MOST_TOKENS = 77  # of a text; CLAP was trained on as many


@torch.inference_mode()
def vector_of(text: str, name: Name, settings: Settings) -> Tensor:
    """What a CLAP makes of a text: `(width,)`, of length 1. Raises UserError if it has no words, or cannot be had."""
    if not text.strip():
        raise UserError("--text: says nothing; describe the songs in words")
    network = build(name, settings, WORDS)
    tokens = torch.tensor([tokenised(text, name)])
    with told_if_damaged(name):  # by tokens that it does not know
        return nn.functional.normalize(network(tokens, attention_mask=torch.ones_like(tokens)).text_embeds, dim=-1)[0]


def tokenised(text: str, name: Name) -> list[int]:
    """The numbers of a text's tokens, at most MOST_TOKENS. Raises UserError if nobody says what they are."""
    from tokenizers import Tokenizer

    path = settings_in(name) / TOKENS
    if not path.is_file():
        raise UserError(f"{name.place} cannot read: it has no {TOKENS}; songs are found by words with a whole CLAP")
    with told_if_damaged(name):
        tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.no_padding()
    return tokenizer.encode(text).ids
