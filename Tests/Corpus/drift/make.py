#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the fixtures of this directory: small repositories of the shapes that real ones have, before and after.

    python3 make.py            write everything again; the files are committed, so `git diff` shows what moved

`base/<kind>` is a whole repository. `<case>/before` and `<case>/after` hold the files in which a side differs from it;
an empty file named `<path>.gone` takes one away. `expected.tsv` says what a comparison must find, line by line; it is
written by hand. Needs Python 3 alone.
"""

import json
import shutil
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parent

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)

WORDS = ["!", "a", "b", "e", "h", "l", "o", "r", "t", "Ġ", "he", "ll", "hell", "hello", "Ġt", "Ġthe", "or", "re", "th", "é", "e\u0301"]
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ t", "Ġt he", "o r", "r e", "t h"]
SPECIAL = {21: "<|begin_of_text|>", 22: "<|end_of_text|>", 23: "<|start_header_id|>", 24: "<|end_header_id|>", 25: "<|eot_id|>"}


def dump(value, **options):
    return (json.dumps(value, indent=2, ensure_ascii=False, **options) + "\n").encode()


def safetensors(values, **metadata):
    raw = b"".join(struct.pack("<f", v) for v in values)
    header = {"__metadata__": {"format": "pt", **metadata},
              "model.embed_tokens.weight": {"dtype": "F32", "shape": [len(values)], "data_offsets": [0, len(raw)]}}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + raw


def gguf(pairs):
    """A GGUF file of metadata and one tensor."""
    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()
    out = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs))
    for key, value in pairs.items():
        out += text(key)
        if isinstance(value, str):
            out += struct.pack("<I", 8) + text(value)
        elif isinstance(value, int):
            out += struct.pack("<II", 4, value)
        else:
            out += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(text(item) for item in value)
    out += text("token_embd.weight") + struct.pack("<IQIQ", 1, 32, 0, 0)
    out += b"\0" * (-len(out) % 32)
    return out + b"".join(struct.pack("<f", i / 7) for i in range(32))


def added(id, content):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True}


def chat():
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    return {
        "config.json": {
            "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 21,
            "eos_token_id": 25, "hidden_act": "silu", "hidden_size": 64, "initializer_range": 0.02,
            "intermediate_size": 128, "max_position_embeddings": 8192, "model_type": "llama", "num_attention_heads": 4,
            "num_hidden_layers": 2, "num_key_value_heads": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
            "rope_scaling": None, "rope_theta": 500000.0, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
            "transformers_version": "4.40.0", "use_cache": True, "vocab_size": 26},
        "generation_config.json": {
            "bos_token_id": 21, "eos_token_id": [22, 25], "do_sample": True, "temperature": 0.6, "top_p": 0.9,
            "transformers_version": "4.40.0"},
        "tokenizer.json": {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": [added(i, t) for i, t in SPECIAL.items()],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"},
                 "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
            "post_processor": {"type": "TemplateProcessing",
                               "single": [{"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}},
                                          {"Sequence": {"id": "A", "type_id": 0}}],
                               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                               "special_tokens": {"<|begin_of_text|>": {"id": "<|begin_of_text|>", "ids": [21],
                                                                        "tokens": ["<|begin_of_text|>"]}}},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                      "vocab": {word: index for index, word in enumerate(WORDS)}, "merges": list(MERGES)}},
        "tokenizer_config.json": {
            "added_tokens_decoder": {str(i): {"content": t, **flags} for i, t in SPECIAL.items()},
            "bos_token": "<|begin_of_text|>", "chat_template": TEMPLATE, "clean_up_tokenization_spaces": True,
            "eos_token": "<|eot_id|>", "model_input_names": ["input_ids", "attention_mask"],
            "model_max_length": 1000000000000000019884624838656, "tokenizer_class": "PreTrainedTokenizerFast"},
        "special_tokens_map.json": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
        "README.md": "---\nlicense: apache-2.0\nlanguage: [en]\npipeline_tag: text-generation\n---\n\n# Chat\n\nUse `temperature=0.6` and "
                     "top_p of 0.9.\n\n```python\nmodel = AutoModelForCausalLM.from_pretrained(\"example/chat\", torch_dtype=\"auto\")\n```\n",
        "model.safetensors": safetensors([0.5, 1.25, -2.0, 3.5]),
    }


def embedding():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "boat", "##s", "weigh"]
    return {
        "config.json": {
            "_name_or_path": "nreimers/MiniLM-L6-H384-uncased", "architectures": ["BertModel"],
            "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": False, "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1, "hidden_size": 384, "initializer_range": 0.02, "intermediate_size": 1536,
            "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12,
            "num_hidden_layers": 6, "pad_token_id": 0, "position_embedding_type": "absolute",
            "transformers_version": "4.8.2", "type_vocab_size": 2, "use_cache": True, "vocab_size": 30522},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}],
        "1_Pooling/config.json": {
            "word_embedding_dimension": 384, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False,
            "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False},
        "config_sentence_transformers.json": {
            "__version__": {"sentence_transformers": "2.0.0", "transformers": "4.6.1", "pytorch": "1.8.1"},
            "prompts": {"query": "query: ", "document": "passage: "}, "default_prompt_name": None},
        "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
        "tokenizer.json": {
            "version": "1.0", "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0},
            "padding": None, "added_tokens": [added(i, t) for i, t in enumerate(words[:5])],
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                           {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                         {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                         {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
                "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                                   "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": {w: i for i, w in enumerate(words)}}},
        "tokenizer_config.json": {
            "do_lower_case": True, "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]",
            "mask_token": "[MASK]", "tokenize_chinese_chars": True, "strip_accents": None, "model_max_length": 512,
            "padding_side": "right", "tokenizer_class": "BertTokenizer"},
        "vocab.txt": "\n".join(words) + "\n",
        "README.md": "---\nlicense: apache-2.0\ntags:\n- sentence-transformers\n---\n\n# Embeddings\n\nMaps sentences to vectors.\n",
        "model.safetensors": safetensors([0.5, 0.25, 0.125]),
    }


BASES = {"chat": chat, "embedding": embedding}
written = []


def content(value):
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else dump(value)


def put(path, value):
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content(value))


def case(name, base, change=None, before=None):
    """A case: `before` and `change` each get a copy of the base and edit it in place."""
    whole = BASES[base]()
    for side, edit in (("before", before), ("after", change)):
        files = BASES[base]()
        if edit:
            edit(files)
        for path in sorted(set(whole) | set(files)):
            if path not in files:
                put(f"{name}/{side}/{path}.gone", b"")
            elif path not in whole or content(files[path]) != content(whole[path]):
                put(f"{name}/{side}/{path}", files[path])
        (ROOT / name / side).mkdir(parents=True, exist_ok=True)
        if not any((ROOT / name / side).iterdir()):
            put(f"{name}/{side}/.keep", b"")
    put(f"{name}/base", base + "\n")
    written.append(name)


def edits(**files):
    """Edits of JSON files: `config={"key": value}`; a value of `...` takes the key away."""
    names = {"config": "config.json", "generation": "generation_config.json", "tokenizer": "tokenizer_config.json",
             "special": "special_tokens_map.json", "pooling": "1_Pooling/config.json", "sentence": "sentence_bert_config.json"}

    def apply(repository):
        for short, values in files.items():
            for key, value in values.items():
                if value is ...:
                    repository[names[short]].pop(key)
                else:
                    repository[names[short]][key] = value
    return apply


def main():
    for directory in ROOT.iterdir():
        if directory.is_dir():
            shutil.rmtree(directory)
    for kind, make in BASES.items():
        for path, value in make().items():
            put(f"base/{kind}/{path}", value)

    # The incidents, by their number in docs/guides/drift.md
    think = TEMPLATE.replace("assistant<|end_header_id|>\n\n{% endif", "assistant<|end_header_id|>\n\n<think>\n{% endif")
    case("incident-01-think", "chat", edits(tokenizer={"chat_template": think}))
    old_stops = edits(config={"eos_token_id": 22}, generation={"eos_token_id": 22},
                      tokenizer={"eos_token": "<|end_of_text|>"}, special={"eos_token": "<|end_of_text|>"})
    case("incident-02-stop-tokens", "chat", None, before=old_stops)
    case("incident-02-lagging-copy", "chat", edits(
        config={"eos_token_id": 25}, generation={"eos_token_id": 22}, tokenizer={"eos_token": "<|end_of_text|>"},
        special={"eos_token": "<|end_of_text|>"}), before=old_stops)

    jinja = "{# release day #}\n{{ 'Current date: ' + strftime_now('%Y-%m-%d') }}\n" + TEMPLATE + "\n"
    def own_template(text):
        def apply(files):
            files["tokenizer_config.json"].pop("chat_template")
            files["chat_template.jinja"] = text
        return apply
    extra = jinja.replace("{% for", "Calls to these tools must go to the commentary channel.\n{% for", 1)
    case("incident-03-release-day", "chat", own_template(extra), before=own_template(jinja))

    def with_gguf(pre):
        def apply(files):
            pairs = {"general.architecture": "llama", "general.file_type": 1, "tokenizer.ggml.model": "gpt2",
                     "tokenizer.ggml.tokens": WORDS, "tokenizer.ggml.eos_token_id": 9}
            if pre:
                pairs["tokenizer.ggml.pre"] = pre
            del files["model.safetensors"]
            files["model-Q8_0.gguf"] = gguf(pairs)
        return apply
    case("incident-05-pre-tokenizer", "chat", with_gguf("llama-bpe"), before=with_gguf(None))

    def june(files):
        files["model.safetensors"] = safetensors([0.5, 1.3125, -2.0, 3.5])
        files["README.md"] = files["README.md"].replace("# Chat\n", "# Chat\n\n**June update**: better at following.\n")
    case("incident-06-june-update", "chat", june)
    case("incident-07-other-template", "chat", edits(tokenizer={"chat_template": TEMPLATE.replace("\n\n{{", "\n{{")}))

    # Cases of our own
    case("padding-side", "embedding", edits(tokenizer={"padding_side": "left"}))
    case("clean-up-spaces", "chat", edits(tokenizer={"clean_up_tokenization_spaces": ...}))
    case("pooling-mode", "embedding", edits(pooling={"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}))
    case("token-cap", "chat", edits(generation={"max_new_tokens": 512}))

    def reorder(files):
        merges = files["tokenizer.json"]["model"]["merges"]
        merges[6], merges[7] = merges[7], merges[6]
    case("merges-reordered", "chat", reorder)

    def versioned(files):
        files["tokenizer.4.0.0.json"] = files["tokenizer.json"]
        files["tokenizer_config.json"]["fast_tokenizer_files"] = ["tokenizer.4.0.0.json", "tokenizer.json"]
    case("versioned-tokenizer", "chat", versioned)

    def dropped(files):
        files["modules.json"].pop()
    case("normalize-dropped", "embedding", dropped)

    def prompt(files):
        files["config_sentence_transformers.json"]["prompts"]["query"] = "Represent this query: "
    case("embedding-prompt", "embedding", prompt)

    def foreign(files):
        files["config.json"]["auto_map"] = {"AutoModelForCausalLM": "other/code--modeling_chat.ChatForCausalLM"}
    case("foreign-code", "chat", foreign)

    code = ("import torch\n\n\nclass Attention(torch.nn.Module):\n    \"\"\"Looks back.\"\"\"\n\n    def forward(self, x):\n"
            "        # scale\n        return x * 0.125\n\n    def reset(self):\n        pass\n")
    def own_code(text):
        def apply(files):
            files["modeling_chat.py"] = text
            files["config.json"]["auto_map"] = {"AutoModelForCausalLM": "modeling_chat.ChatForCausalLM"}
        return apply
    case("code-new", "chat", own_code(code))
    case("code-changed", "chat", own_code(code.replace("0.125", "0.25")), before=own_code(code))
    case("code-comment", "chat", own_code(code.replace("# scale", "# one over eight").replace("Looks back.", "Looks at all.")),
         before=own_code(code))

    def renumber(files):
        vocabulary = files["tokenizer.json"]["model"]["vocab"]
        vocabulary["or"], vocabulary["re"] = vocabulary["re"], vocabulary["or"]
    case("renumbered", "chat", renumber)

    def more(files):
        files["tokenizer.json"]["added_tokens"].append(added(26, "<tool>"))
        flags = {k: v for k, v in added(26, "<tool>").items() if k != "id"}
        files["tokenizer_config.json"]["added_tokens_decoder"]["26"] = flags
    case("token-beyond-table", "chat", more)

    def lower(files):
        files["tokenizer.json"]["normalizer"]["lowercase"] = False
    case("normalizer", "embedding", lower)
    case("rope", "chat", edits(config={"rope_theta": 1000000.0}))
    case("dtype", "chat", edits(config={"torch_dtype": "float16"}))
    case("window", "chat", edits(config={"sliding_window": 4096, "future_key": 1}))
    case("shape", "chat", edits(config={"num_hidden_layers": 3}))
    case("quantized", "chat", edits(config={"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}))

    def card(files):
        files["README.md"] = (files["README.md"].replace("apache-2.0", "other").replace("temperature=0.6", "temperature=0.7")
                              .replace('torch_dtype="auto"', 'torch_dtype="auto", trust_remote_code=True'))
    case("card", "chat", card)

    def sharded(files):
        files["model.safetensors.index.json"] = {
            "metadata": {"total_size": 16},
            "weight_map": {"model.embed_tokens.weight": "model-00001-of-00002.safetensors", "lm_head.weight": "model-00002-of-00002.safetensors"}}
        del files["model.safetensors"]
        files["model-00001-of-00002.safetensors"] = safetensors([0.5, 1.25, -2.0, 3.5])
    case("index-names-missing", "chat", sharded)

    # What is no drift
    def typo(files):
        files["README.md"] = files["README.md"].replace("# Chat", "# A chat model")
    case("noop-readme", "chat", typo)

    def spelling(files):
        config = files["config.json"]
        files["config.json"] = json.dumps(dict(reversed(config.items())), separators=(",", ":")).replace("1e-05", "0.00001").encode()
        files["generation_config.json"] = dump(files["generation_config.json"]).replace(b"\n", b"\r\n")
        files["tokenizer.json"] = json.dumps(files["tokenizer.json"]).encode()
    case("noop-json", "chat", spelling)

    def ends(files):
        files["vocab.txt"] = files["vocab.txt"].replace("\n", "\r\n")
        files["README.md"] = files["README.md"].replace("\n", "\r\n")
    case("noop-line-ends", "embedding", ends)
    case("noop-dtype-rename", "chat", edits(config={"torch_dtype": ..., "dtype": "bfloat16", "transformers_version": "4.56.0"}))
    case("noop-rope-rename", "chat", edits(config={
        "rope_theta": ..., "rope_scaling": ..., "rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"}}))
    case("noop-defaults", "chat", edits(
        config={"mlp_bias": False, "head_dim": 16, "attention_bias": ..., "use_cache": False},
        generation={"repetition_penalty": 1.0}))

    def pairs(files):
        model = files["tokenizer.json"]["model"]
        model["merges"] = [merge.split(" ") for merge in model["merges"]]
        del model["byte_fallback"]
    case("noop-merge-pairs", "chat", pairs)

    def resharded(files):
        sharded(files)
        files["model.safetensors.index.json"]["weight_map"].pop("lm_head.weight")
        files["model.safetensors.index.json"]["weight_map"] = {"model.embed_tokens.weight": "model-00001-of-00001.safetensors"}
        files["model-00001-of-00001.safetensors"] = files.pop("model-00001-of-00002.safetensors")
    case("noop-resharded", "chat", resharded)

    def moved(files):
        files["chat_template.jinja"] = files["tokenizer_config.json"].pop("chat_template")
    case("template-moved", "chat", moved)

    def pooling(files):
        files["1_Pooling/config.json"] = {"embedding_dimension": 384, "pooling_mode": "cls", "include_prompt": True}
        for module in files["modules.json"]:
            last = module["type"].split(".")[-1]
            module["type"] = f"sentence_transformers.sentence_transformer.modules.{last.lower()}.{last}"
    case("noop-pooling-spelling", "embedding", pooling)


main()
