// SPDX-License-Identifier: Apache-2.0

internal import FileIO
package import SystemPackage

/// Makes small model folders that real programs accept, and large files that nothing can guess.
package enum ModelBuilder {
    /// A tensor of a safetensors file.
    package struct Tensor: Sendable {
        /// Its name.
        package let name: String
        /// Its element type, as safetensors writes it: `F32`, `I64` …
        package let dtype: String
        /// Its dimensions.
        package let shape: [Int]
        /// Its elements, little-endian.
        package let data: [UInt8]

        /// A tensor of any type.
        package init(_ name: String, dtype: String, shape: [Int], data: [UInt8]) {
            (self.name, self.dtype, self.shape, self.data) = (name, dtype, shape, data)
        }

        /// A tensor of 32-bit floats.
        package init(_ name: String, shape: [Int], floats: [Float]) {
            let data = floats.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (UInt32($0) * 8)) }
            }
            self.init(name, dtype: "F32", shape: shape, data: data)
        }
    }

    /// A safetensors file with these tensors, in this order. Names must not need escaping.
    package static func safetensors(_ tensors: [Tensor], metadata: [(String, String)] = [("format", "pt")]) -> [UInt8] {
        var entries: [String] = []
        if !metadata.isEmpty {
            entries.append("\"__metadata__\":{" + metadata.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",") + "}")
        }
        var offset = 0
        for tensor in tensors {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            entries.append(
                "\"\(tensor.name)\":{\"dtype\":\"\(tensor.dtype)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(offset + tensor.data.count)]}"
            )
            offset += tensor.data.count
        }
        var header = Array(("{" + entries.joined(separator: ",") + "}").utf8)
        while header.count % 8 != 0 { header.append(0x20) }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(header.count) >> (UInt64($0) * 8)) }
        return length + header + tensors.flatMap(\.data)
    }

    /// The files of a tiny BERT: two words of vocabulary would do, it has eight.
    package static func tinyModel(seed: UInt64 = 1) -> [String: [UInt8]] {
        var generator = SeededGenerator(seed: seed)
        let floats = (0..<64).map { _ in Float.random(in: -1...1, using: &generator) }
        let tensors = [
            Tensor("embeddings.word_embeddings.weight", shape: [8, 4], floats: Array(floats[..<32])),
            Tensor("encoder.layer.0.output.dense.weight", shape: [4, 4], floats: Array(floats[32..<48])),
            Tensor("encoder.layer.0.output.dense.bias", shape: [4], floats: Array(floats[48..<52])),
        ]
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s"]
        let vocabulary = words.enumerated().map { "      \"\($1)\": \($0)" }.joined(separator: ",\n")
        let texts: [String: String] = [
            ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
            "README.md":
                "---\nlicense: apache-2.0\npipeline_tag: feature-extraction\n---\n# A tiny model\n\nUse it with `temperature=0.7`.\n",
            "config.json": """
            {
              "architectures": ["BertModel"],
              "hidden_size": 4,
              "intermediate_size": 8,
              "max_position_embeddings": 16,
              "model_type": "bert",
              "num_attention_heads": 1,
              "num_hidden_layers": 1,
              "torch_dtype": "float32",
              "vocab_size": 8
            }

            """,
            "generation_config.json": "{\n  \"temperature\": 0.7,\n  \"top_p\": 0.9\n}\n",
            "tokenizer.json": """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [],
              "normalizer": {"type": "Lowercase"},
              "pre_tokenizer": {"type": "Whitespace"},
              "post_processor": null,
              "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
              "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {
            \(vocabulary)
                }
              }
            }

            """,
            "tokenizer_config.json":
                "{\n  \"tokenizer_class\": \"BertTokenizerFast\",\n  \"do_lower_case\": true,\n  \"padding_side\": \"right\"\n}\n",
            "vocab.txt": words.joined(separator: "\n") + "\n",
            "1_Pooling/config.json": "{\n  \"word_embedding_dimension\": 4,\n  \"pooling_mode_mean_tokens\": true\n}\n",
        ]
        var files = texts.mapValues { Array($0.utf8) }
        files["model.safetensors"] = safetensors(tensors)
        return files
    }

    /// Writes files into a folder, with the directories above them.
    package static func write(_ files: [String: [UInt8]], to folder: FilePath) throws {
        for (name, bytes) in files {
            let path = folder.appending(name)
            try FileSystem.createDirectories(path.removingLastComponent())
            try FileSystem.replace(path, with: bytes, durably: false)
        }
    }

    /// Writes a file of `size` pseudo-random bytes, a megabyte at a time: no more than that is ever in memory.
    package static func writeLargeFile(_ path: FilePath, size: Int64, seed: UInt64) throws {
        try FileSystem.createDirectories(path.removingLastComponent())
        var generator = SeededGenerator(seed: seed)
        let file = try File(path, .creating(permissions: 0o644))
        var offset: Int64 = 0
        // One generated megabyte, stamped with its place, is as good as fresh ones and a hundred times faster in a
        // debug build.
        var block = generator.bytes(Int(min(size, 1 << 20)))
        while offset < size {
            for shift in 0..<8 where shift < block.count {
                block[shift] = UInt8(truncatingIfNeeded: offset >> Int64(shift * 8))
            }
            let count = Int(min(size - offset, Int64(block.count)))
            try file.write(count == block.count ? block : Array(block[..<count]), at: offset)
            offset += Int64(count)
        }
    }
}
