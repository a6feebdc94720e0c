"""The other half of CLAP, which reads texts: their vectors lie in the space of those that it hears."""

import torch
from torch import Tensor, nn

from genre_lightning.errors import UserError, explain_import, reason
from genre_lightning.pretrained.hub import WORDS as TOKENS
from genre_lightning.pretrained.hub import Name, settings_in
from genre_lightning.pretrained.transformer import WORDS, Settings, build, damaged

MOST_TOKENS = 77  # of a text; CLAP was trained on as many


@torch.inference_mode()
def vector_of(text: str, name: Name, settings: Settings) -> Tensor:
    """What a CLAP makes of a text: `(width,)`, of length 1. Raises UserError if it has no words, or cannot be had."""
    if not text.strip():
        raise UserError("--text: says nothing; describe the songs in words")
    network = build(name, settings, WORDS)
    try:
        tokens = torch.tensor([tokenised(text, name)])
        return nn.functional.normalize(network(tokens, attention_mask=torch.ones_like(tokens)).text_embeds, dim=-1)[0]
    except (IndexError, RuntimeError, ValueError) as error:  # tokens that it does not know
        raise damaged(name, reason(error)) from None


def tokenised(text: str, name: Name) -> list[int]:
    """The numbers of a text's tokens, at most MOST_TOKENS. Raises UserError if nobody says what they are."""
    from tokenizers import Tokenizer

    path = settings_in(name) / TOKENS
    if not path.is_file():
        raise UserError(f"{name.place} cannot read: it has no {TOKENS}; songs are found by words with a whole CLAP")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # whatever the library raises for a file that is none of its own
        if explain_import(error) is not None:
            raise
        raise damaged(name, f"{TOKENS}: {reason(error)}") from None
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.no_padding()
    return tokenizer.encode(text).ids
