// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `Classifying files` {
    @Test(arguments: [
        (
            Component.weights,
            """
            model.safetensors model-00001-of-00002.safetensors model.safetensors.index.json model.safetensors.index.fp16.json pytorch_model.bin
            pytorch_model.bin.index.json tf_model.h5 flax_model.msgpack onnx/model.onnx onnx/model.onnx_data onnx/model.onnx.data model-q4_k_m.gguf
            consolidated.00.pth model.tflite saved_model.pb variables/variables.data-00000-of-00001 variables/variables.index rust_model.ot
            adapter_model.safetensors adapter_model.bin MODEL.SAFETENSORS LICENSE.safetensors model.ckpt model.ckpt.index coreml/m.mlpackage/Manifest.json
            openvino/openvino_model.xml openvino/openvino_model.bin weights.npz model.pkl model.joblib model.keras unet/diffusion_pytorch_model.safetensors
            """
        ),
        (
            .tokenizer,
            """
            tokenizer.json tokenizer.4.0.json tokenizer_config.json special_tokens_map.json added_tokens.json vocab.json vocab.txt merges.txt tokenizer.model
            tokenizer.model.v3 spiece.model sentencepiece.bpe.model source.spm tekken.json qwen.tiktoken bpe.codes dict.txt normalizer.json
            tokenizer/tokenizer_config.json vocab.bpe vocab.pkl tokenizer.bin original/tokenizer.model
            """
        ),
        (
            .chatTemplate,
            "chat_template.jinja chat_template.json additional_chat_templates/tool_use.jinja additional_chat_templates/x.txt prompt.jinja2 x/y.JINJA"
        ),
        (
            .config,
            """
            config.json preprocessor_config.json processor_config.json adapter_config.json modules.json 1_Pooling/config.json sentence_bert_config.json
            config_sentence_transformers.json model_index.json scheduler/scheduler_config.json params.json settings.yaml x.toml license_plates.json readme.json
            """
        ),
        (.generation, "generation_config.json generation_config_long.json"),
        (
            .quantization,
            "quantize_config.json quant_config.json hf_quant_config.json imatrix.dat model.imatrix.gguf recipe.yaml"
        ),
        (
            .code,
            "modeling_x.py README.py run.sh lib.so lib.so.1 demo.ipynb requirements.txt requirements-dev.txt setup.py Dockerfile x.js tokenization_x.py pyproject.toml"
        ),
        (
            .docs,
            "README.md readme LICENSE LICENSE-APACHE license.txt NOTICE docs/x.md assets/banner.PNG .gitattributes .gitignore CITATION.cff USE_POLICY.md paper.pdf"
        ),
        (
            .other,
            """
            training_args.bin optimizer.pt optimizer.safetensors scheduler.pt rng_state_0.pth trainer_state.json events.out.tfevents.1.2 global_step10/x.pt
            data.bin.zip noname SYSTEM_PROMPT.txt license_plates.txt speaker.wav a.jsonl archive.tar.gz .hidden x. requirements
            """.replacing(" x. ", with: " ")
        ),
    ])
    func `follows the table`(_ component: Component, _ paths: String) throws {
        for path in paths.split(whereSeparator: \.isWhitespace) {
            #expect(ComponentClassifier.component(of: try RelativePath(String(path))) == component, "\(path)")
        }
    }

    @Test func `calls every file of a dataset datasets`() throws {
        for path in ["README.md", "model.safetensors", "x.py"] {
            #expect(ComponentClassifier.component(of: try RelativePath(path), role: .dataset(0)) == .datasets)
            #expect(ComponentClassifier.component(of: try RelativePath(path), role: .adapter(0)) != .datasets)
        }
    }

    @Test func `never calls a file documentation that a loader could open`() throws {
        let endings = ["json", "bin", "py", "safetensors", "jinja", "model", "onnx", "so", "pkl", "dat", "wav"]
        for stem in ["README", "LICENSE", "NOTICE", "CITATION", "changelog", "use_policy"] {
            for ending in endings {
                #expect(
                    ComponentClassifier.component(of: try RelativePath("\(stem).\(ending)")) != .docs,
                    "\(stem).\(ending)")
            }
        }
    }
}
