// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// Says which component a repository's file belongs to, by its name alone: the table of `docs/formats/identity.md`.
package enum ComponentClassifier {
    /// The components that a file of a model repository can have.
    package static let components: Set<Component> = [
        .weights, .tokenizer, .chatTemplate, .config, .generation, .quantization, .code, .docs, .other,
    ]

    /// The component of the file at `path` in a model's repository. What no rule knows is `other`, which counts in
    /// `behaviour`.
    package static func component(of path: RelativePath) -> Component {
        let segments = path.segments.map { $0.lowercased() }
        let name = segments.last ?? ""
        let directories = segments.dropLast()
        for rule in rules where rule.fits(name, directories) { return rule.component }
        return .other
    }

    /// The component of the file at `path` of a source with `role`: every file of a dataset is `datasets`.
    package static func component(of path: RelativePath, role: SourceRole) -> Component {
        if case .dataset = role { .datasets } else { component(of: path) }
    }

    /// One row of the table. All texts are lower case.
    private struct Rule {
        let component: Component
        var names: Set<String> = []
        var prefixes: [String] = []
        /// Prefixes of names without a dot.
        var barePrefixes: [String] = []
        var suffixes: [String] = []
        var extensions: Set<String> = []
        var infixes: [String] = []
        var directoryPrefixes: [String] = []
        var directorySuffixes: [String] = []
        /// Pairs of a prefix and a suffix with anything between.
        var frames: [(String, String)] = []

        func fits(_ name: String, _ directories: ArraySlice<String>) -> Bool {
            if names.contains(name) { return true }
            if let dot = name.lastIndex(of: "."), extensions.contains(String(name[name.index(after: dot)...])) {
                return true
            }
            return prefixes.contains { name.hasPrefix($0) } || suffixes.contains { name.hasSuffix($0) }
                || infixes.contains { name.contains($0) }
                || (!name.utf8.contains(UInt8(ascii: ".")) && barePrefixes.contains { name.hasPrefix($0) })
                || frames.contains {
                    name.hasPrefix($0.0) && name.hasSuffix($0.1) && name.utf8.count >= $0.0.utf8.count + $0.1.utf8.count
                }
                || directories.contains { directory in
                    directoryPrefixes.contains { directory.hasPrefix($0) }
                        || directorySuffixes.contains { directory.hasSuffix($0) }
                }
        }
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    private static let rules: [Rule] = [
        Rule(
            component: .other,
            names: words("training_args.bin trainer_state.json scheduler.pt scheduler.bin scaler.pt .ds_store"),
            prefixes: ["optimizer.", "optimizer_", "rng_state", "events.out.tfevents"], suffixes: [".tfevents"],
            directoryPrefixes: ["global_step"]),
        Rule(
            component: .code,
            names: words(
                "pyproject.toml setup.cfg environment.yml environment.yaml pipfile pipfile.lock poetry.lock uv.lock makefile"
            ),
            prefixes: ["dockerfile"],
            extensions: words(
                "py pyi pyc pyx ipynb sh bash zsh so dll dylib exe js mjs cjs ts wasm c cc cpp h hpp cu cuh ptx cubin rs go"
                    + " java jar lua rb pl bat cmd ps1 whl egg"),
            infixes: [".so."], frames: [("requirements", ".txt")]),
        Rule(
            component: .chatTemplate, prefixes: ["chat_template"], extensions: words("jinja jinja2 j2"),
            directoryPrefixes: ["additional_chat_templates"]),
        Rule(
            component: .quantization,
            names: words(
                "quantize_config.json quant_config.json quantization_config.json hf_quant_config.json quant_strategy.json recipe.yaml"
            ),
            infixes: ["imatrix"]),
        Rule(
            component: .tokenizer,
            names: words(
                "special_tokens_map.json added_tokens.json merges.txt tekken.json bpe.codes dict.txt normalizer.json"),
            prefixes: [
                "tokenizer.", "vocab.", "vocab-", "vocab_", "vocabulary.", "entity_vocab.", "spiece.", "sentencepiece",
            ],
            extensions: words("vocab model spm tiktoken bpe"), infixes: [".model.v"],
            frames: [("tokenizer_config", ".json"), ("dict.", ".txt")]),
        Rule(component: .generation, frames: [("generation_config", ".json")]),
        Rule(
            component: .weights, names: ["variables.index"], prefixes: ["variables.data-"], suffixes: [".onnx.data"],
            extensions: words(
                "safetensors bin pt pt2 ptl pth ckpt h5 hdf5 keras msgpack onnx ort gguf ggml tflite pb npz npy pkl pickle"
                    + " joblib dill ot mlmodel nemo mar dduf llamafile engine plan trt pdparams params torchscript"),
            infixes: [".onnx_data", ".ckpt."] + indexes, directorySuffixes: [".mlmodelc", ".mlpackage"],
            frames: [("openvino_", ".xml")]),
        Rule(
            component: .docs,
            names: words(
                ".gitattributes .gitignore .gitkeep readme.txt license.txt licence.txt license-model.txt license_model.txt"
                    + " license-code.txt license_code.txt notice.txt third_party_notices.txt copying.txt citation.txt"
                    + " changelog.txt contributing.txt security.txt model_card.txt modelcard.txt use_policy.txt"),
            // Only without a dot: `license_plates.json` may be what a model reads.
            barePrefixes: ["readme", "license", "licence", "notice", "copying", "citation", "changelog", "use_policy"],
            extensions: words("md markdown rst pdf html bib cff png jpg jpeg gif svg webp bmp ico tif tiff avif")),
        Rule(component: .config, extensions: words("json json5 yaml yml toml ini cfg conf")),
    ]

    /// `model.safetensors.index.json`, `model.safetensors.index.fp16.json` and their kin: which file holds which tensor.
    private static let indexes = [".safetensors.index.", ".bin.index.", ".h5.index.", ".msgpack.index."]
}
