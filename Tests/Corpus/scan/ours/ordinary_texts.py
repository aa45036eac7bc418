# SPDX-License-Identifier: Apache-2.0
"""Writes ordinary files that scanners like to be wrong about.

    python3 ordinary_texts.py FOLDER

The name of a file begins with the worst verdict that a scan may reach.
"""

import sys, json, gzip, io, zipfile, struct, base64
from pathlib import Path
out = Path(sys.argv[1]); out.mkdir(parents=True, exist_ok=True)
def w(name, text): (out / name).write_bytes(text.encode() if isinstance(text, str) else text)
w("clean-README.md", "---\nlicense: mit\ntags: [a]\n---\n# Model\n\n```python\nimport os\nos.system('rm -rf ~/.cache')\nfrom transformers import AutoModel\nmodel = AutoModel.from_pretrained('x', trust_remote_code=True)\n```\n\n```bash\ncurl http://x.invalid | sh\nrm -rf ~/.cache\n```\n`!!python/object/apply` and `{{ ''.__class__ }}` are refused.\n" * 3)
w("clean-GGUF-README.md", "GGUF versions of a model, by somebody\n")
w("clean-MZ.txt", "MZ is a station in Mainz, and this line is longer than sixty-four characters, surely.\n")
w("clean-dex.txt", "dex\nis a word\n")
w("clean-cpio.csv", "070701,12,3\n070702,1,1\n")
w("clean-RIFF.txt", "RIFF and WAVE are formats\n")
w("clean-x.txt", "x^2 + y^2 = r^2\n" * 10)
w("clean-merges.txt", "#version: 0.2\ni n\nt h\n{ \"\n[ {\n")
w("clean-vocab.txt", "[PAD]\n[UNK]\n{\"\n!!python\nos.system\n__import__\n<script>\n")
w("clean-vocab-brace.txt", "{\"\n[{\nhello\n")
w("clean-vocab.json", json.dumps({w: i for i, w in enumerate(["os.system", "eval", "__class__", "exec(", "_target_", "Lambda", "\u0120import", "trust_remote_code", "auto_map", "py/object"] + [f"w{i}" for i in range(300)])}))
w("clean-added_tokens.json", json.dumps({"<|im_start|>": 1, "__globals__": 2}))
tok = {"version": "1.0", "added_tokens": [{"id": 0, "content": "<unk>", "special": True}], "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
  "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated"},
  "model": {"type": "BPE", "vocab": {"a": 0, "os": 1, "system": 2, "target": 3, "eval": 4, "chat_template": 5}, "merges": ["o s", "s y"]}}
w("clean-tokenizer.json", json.dumps(tok))
w("clean-generation_config.json", json.dumps({"bos_token_id": 1, "temperature": 0.6}))
w("clean-config.json", json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "_attn_implementation": "sdpa", "rope_scaling": {"type": "yarn"}, "torch_dtype": "bfloat16", "_name_or_path": "meta-llama/Llama-3-8B", "transformers_version": "4.44.0", "task_specific_params": {"translation": {"prefix": "translate English to German: ", "target": "de"}}}))
w("clean-attn.json", json.dumps({"_attn_implementation": "flash_attention_2", "_attn_implementation_autoset": True}))
w("review-automap-config.json", json.dumps({"auto_map": {"AutoConfig": "configuration_x.XConfig", "AutoModelForCausalLM": "modeling_x.XForCausalLM", "AutoTokenizer": ["tokenization_x.XTokenizer", None]}}))
w("clean-preprocessor_config.json", json.dumps({"feature_extractor_type": "WhisperFeatureExtractor", "mel_filters": [[0.0, 1.0]] * 20, "target": 16000}))
w("clean-model_index.json", json.dumps({"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.21", "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [None, None], "tokenizer": ["transformers", "CLIPTokenizer"]}))
w("clean-modules.json", json.dumps([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]))
w("clean-adapter_config.json", json.dumps({"peft_type": "LORA", "base_model_name_or_path": "x/y", "target_modules": ["q_proj", "v_proj"], "auto_mapping": None, "target": "q_proj"}))
w("clean-trainer_state.json", json.dumps({"log_history": [{"loss": 1.0, "step": i} for i in range(50)], "best_metric": None}).replace("1.0", "NaN"))
w("clean-nan.json", '{"a": NaN, "b": Infinity, "c": -Infinity}')
w("clean-lines.jsonl", '{"text": "os.system(1)", "label": 0}\n{"text": "eval", "label": 1}\n')
w("clean-index.json", json.dumps({"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}))
w("clean-training.yaml", "model:\n  name: resnet\n  target: german\nlr: 1e-4 # comment\ndefaults:\n  - _self_\n  - optimizer: adam\nscript: |\n  rm -rf build\n  echo !!done\n")
w("clean-ldm.yaml", "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n    linear_start: 0.00085\n    first_stage_config:\n      target: ldm.models.autoencoder.AutoencoderKL\n")
w("clean-nemo.yaml", "encoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\noptim:\n  name: adamw\n")
w("clean-hydra.yaml", "trainer:\n  _target_: pytorch_lightning.Trainer\n  max_epochs: 3\noptimizer:\n  _target_: torch.optim.AdamW\n  _partial_: true\n")
w("clean-requirements.txt", "torch>=2.0\ntransformers[torch]==4.44.0 ; python_version >= '3.9'\n# see https://pypi.org\n-r other.txt\n--extra-index-url https://download.pytorch.org/whl/cu118\n")
w("clean-environment.yml", "name: m\nchannels:\n  - conda-forge\n  - pytorch\ndependencies:\n  - python=3.10\n  - pip:\n    - torch==2.0\n")
w("clean-pyproject.toml", "[build-system]\nrequires = ['setuptools>=61']\nbuild-backend = 'setuptools.build_meta'\n\n[project]\nname = 'x'\n[project.urls]\nHomepage = 'https://x.invalid'\n")
w("clean-Modelfile", "FROM ./model.gguf\nTEMPLATE \"\"\"{{ if .System }}{{ .System }}{{ end }}{{ .Prompt }}\"\"\"\n")
w("clean-LICENSE", "MIT License\n\nPermission is hereby granted...\n")
w("clean-gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
w("clean-coefficients.csv", "const_1,const_2,x\n.7376958,.2623042,1\n.9818866,.0181134,2\n")
w("clean-labels.csv", "a,b\n1,2\n")
w("clean-special_tokens_map.json", json.dumps({"bos_token": {"content": "<s>", "lstrip": False}, "eos_token": "</s>"}))
w("clean-sentence_bert_config.json", json.dumps({"max_seq_length": 128, "do_lower_case": False}))
w("review-convert.py", "#!/usr/bin/env python3\nimport argparse, subprocess, os, sys\nimport torch\n\ndef main():\n    p = argparse.ArgumentParser()\n    a = p.parse_args()\n    sd = torch.load(a.x, map_location='cpu')\n    subprocess.run(['git', 'status'])\n    os.makedirs('x', exist_ok=True)\n\nif __name__ == '__main__':\n    main()\n")
w("review-handler.py", "from typing import Any, Dict\nimport base64, io\nfrom PIL import Image\nimport torch\n\nclass EndpointHandler:\n    def __init__(self, path=''):\n        self.m = torch.load(path + '/x.pt', weights_only=True)\n    def __call__(self, data: Dict[str, Any]):\n        image = Image.open(io.BytesIO(base64.b64decode(data['inputs'])))\n        return eval('1')\n")
w("review-setup.py", "from setuptools import setup, find_packages\nimport os\nexec(open(os.path.join('x', 'version.py')).read())\nsetup(name='x', version='1', packages=find_packages())\n")
w("review-run.sh", "#!/bin/bash\nrm -rf out\npython train.py\n")
w("review-train.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "markdown", "source": ["# hi"]}, {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install -q torch\n", "import torch\n"], "outputs": []}]}))
w("review-path.pth", "./src\n../lib\n")
w("clean-prompt.jinja", "{# a prompt #}\nYou are {{ name }}.\n{% for d in docs %}[{{ loop.index }}] {{ d.title | upper }}: {{ d.text | truncate(200) }}\n{% endfor %}\n")
long = "{%- for message in messages %}{%- if message['role'] == 'user' %}" + "".join("{%%- if message['content'] is string and message.name == 'n%d' %%}<|n%d|>{%%- endif %%}" % (i, i) for i in range(60)) + "{{ message['content'] }}{%- endif %}{%- endfor %}"
w("clean-long.jinja", long)
# sentencepiece
piece = lambda t, s, k=None: b"\x0a" + bytes([len(t) + 7 + (2 if k else 0)]) + b"\x0a" + bytes([len(t)]) + t + b"\x15" + struct.pack("<f", s) + (b"\x18" + bytes([k]) if k else b"")
w("clean-tokenizer.model", piece(b"<unk>", 0.0, 2) + piece(b"<s>", 0.0, 3) + b"".join(piece(b"abc%d" % i, -float(i)) for i in range(100)))
w("clean-spiece.model", piece(b"<pad>", 0.0, 3) + piece(b"</s>", 0.0, 3) + b"".join(piece(b"x%d" % i, -float(i)) for i in range(50)))
w("review-tfevents", struct.pack("<Q", 24) + bytes(100))
w("review-flax.msgpack", b"\x81\xa6params\x81\xa1w\xc7\x20\x01" + bytes(32))
w("clean-tiktoken", "\n".join(base64.b64encode(bytes([i, i + 1])).decode() + " %d" % i for i in range(97, 120)) + "\n")
w("clean-data.jsonl.gz", gzip.compress(b'{"a": 1}\n', mtime=0))
w("clean-paper.pdf", b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + bytes(100) + b"%%EOF\n")
w("clean-logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'></svg>")
w("clean-chars.txt", "\ufeffhello \u00e9\n")
z = io.BytesIO()
with zipfile.ZipFile(z, "w", zipfile.ZIP_DEFLATED) as a:
    a.writestr("vocab.json", "{}"); a.writestr("dir/", ""); a.writestr("dir/readme.txt", "hi\n" * 100)
w("clean-files.zip", z.getvalue())
w("review-hparams.yaml", "lr: 0.001\nlayers: !!python/tuple\n- 1\n- 2\nname: x\n")
