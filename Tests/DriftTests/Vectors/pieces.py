# SPDX-License-Identifier: Apache-2.0
"""Trains the SentencePiece models beside this file: pip install sentencepiece protobuf; python pieces.py."""

import io
import pathlib
import random

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

HERE = pathlib.Path(__file__).parent


def corpus():
    source = random.Random(7)
    syllables = ["wa", "ter", "lock", "boat", "wei", "gh", "ca", "nal", "gate", "keep", "er", "s", "ing", "ed"]
    for _ in range(400):
        yield " ".join(
            "".join(source.choice(syllables) for _ in range(source.randint(1, 4))) for _ in range(source.randint(2, 8))
        )


def train(name, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=corpus(), model_writer=model, num_threads=1, minloglevel=2,
        **{"vocab_size": 60, "model_type": "unigram", "normalization_rule_name": "identity", **options})
    (HERE / name).write_bytes(model.getvalue())
    return model.getvalue()


base = train("unigram.model")
train("bpe.model", model_type="bpe")
train("symbols.model", user_defined_symbols=["<tool>"])

# Two pieces in each other's place, another score, and a control piece that text can match now.
edited = sentencepiece_model_pb2.ModelProto.FromString(base)
edited.pieces[10].piece, edited.pieces[11].piece = edited.pieces[11].piece, edited.pieces[10].piece
edited.pieces[20].score -= 1
edited.pieces[1].type = sentencepiece_model_pb2.ModelProto.SentencePiece.USER_DEFINED
(HERE / "edited.model").write_bytes(edited.SerializeToString())

# Nothing that acts after training.
noted = sentencepiece_model_pb2.ModelProto.FromString(base)
noted.trainer_spec.num_threads = 3
noted.trainer_spec.input.append("corpus.txt")
(HERE / "noted.model").write_bytes(noted.SerializeToString())

# Text is rewritten otherwise, and unknown pieces become other text.
flags = sentencepiece_model_pb2.ModelProto.FromString(base)
flags.normalizer_spec.add_dummy_prefix = False
flags.normalizer_spec.name = "nmt_nfkc"
flags.normalizer_spec.precompiled_charsmap = b"\x04\x00\x00\x00map"
flags.trainer_spec.unk_surface = "?"
flags.trainer_spec.byte_fallback = True
flags.trainer_spec.pad_id = 3
(HERE / "flags.model").write_bytes(flags.SerializeToString())
