// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares two lists of packages name by name.
struct PackageComparison {
    /// The file's name in reports.
    let name: String
    let component: Component

    private static let engine = "another version of the engine takes other defaults and computes otherwise"
    private static let numbers = "the same model is computed by other code: numbers are rounded otherwise, or more"

    /// The packages that stand between the files and the outputs, and what another version can do.
    private static let decisive: [String: String] = {
        var table: [String: String] = [:]
        let rows = [
            (
                "vllm sglang text-generation-server text-generation llama-cpp-python lmdeploy tensorrt-llm mlx-lm tgi"
                    + " ctransformers exllamav2 optimum optimum-intel onnxruntime onnxruntime-gpu onnxruntime-genai"
                    + " ray-llm infinity-emb text-embeddings-inference fastembed",
                engine
            ),
            (
                "transformers sentence-transformers diffusers peft accelerate mistral-common huggingface-hub",
                "another version reads the same files otherwise: defaults, templates, attention, generation"
            ),
            (
                "tokenizers sentencepiece tiktoken",
                "text can become other tokens"
            ),
            ("jinja2", "chat templates are rendered by other code"),
            (
                "torch torchvision torchaudio numpy safetensors flash-attn flashinfer-python flashinfer xformers triton"
                    + " bitsandbytes auto-gptq gptqmodel autoawq awq jax tensorflow mlx tensorrt compressed-tensors"
                    + " torchao nvidia-cublas-cu12 nvidia-cudnn-cu12 xgrammar outlines outlines-core lm-format-enforcer",
                numbers
            ),
        ]
        for (names, consequence) in rows {
            for name in names.split(separator: " ") { table[String(name)] = consequence }
        }
        return table
    }()

    /// The most packages of one kind that are listed.
    private static let maximumListed = 200

    /// The changes: one for each package that stands between the files and the outputs, and one for all others.
    func changes(_ before: String, _ after: String) -> [DriftChange] {
        let (old, new) = (PackageList(before, name: fileName), PackageList(after, name: fileName))
        var decisive: [DriftChange] = []
        var lists: (added: [String], removed: [String], changed: [String]) = ([], [], [])
        var repacked: [String] = []
        for key in Set(old.entries.keys).union(new.entries.keys).sorted() {
            let (was, now) = (old.entries[key], new.entries[key])
            if let was, let now, was.version.utf8.elementsEqual(now.version.utf8) {
                if was.hashes != now.hashes { repacked.append(text(now)) }
                continue
            }
            if let consequence = Self.decisive[key.text] {
                decisive.append(change(key.text, was, now, consequence))
            } else if let was, let now {
                lists.changed.append("\(text(was)) → \(text(now))")
            } else if let now {
                lists.added.append(text(now))
            } else if let was {
                lists.removed.append(text(was))
            }
        }
        var changes = decisive
        if let first = (lists.changed + lists.added + lists.removed).first {
            let count = lists.changed.count + lists.added.count + lists.removed.count
            changes.append(
                DriftChange(
                    "packages-changed", .code, .behaviour, component, [.init(name)],
                    "\(count) \(decisive.isEmpty ? "" : "other ")\(count == 1 ? "package" : "packages") asked for otherwise"
                        + " (`\(Escaped(first, limit: 100))`\(count > 1 ? ", …" : ""))",
                    consequence: "other versions compute otherwise, and run other code",
                    evidence: names(lists.added, lists.removed, lists.changed)))
        }
        if let first = repacked.first {
            changes.append(
                DriftChange(
                    "packages-repacked", .code, .security, component, [.init(name)],
                    "\(repacked.count) \(repacked.count == 1 ? "package is" : "packages are") accepted with other digests"
                        + " (`\(Escaped(first, limit: 100))`\(repacked.count > 1 ? ", …" : ""))",
                    consequence: "the version is the same; what is installed under it may not be",
                    evidence: names([], [], repacked)))
        }
        guard changes.isEmpty else { return changes }
        return [
            DriftChange(
                "format-only", .packaging, .cosmetic, component, [.init(name)],
                "only order, comments or white space differ", consequence: "the same packages are asked for")
        ]
    }

    /// The last part of the path.
    private var fileName: String { name.split(separator: "/").last.map(String.init) ?? name }

    private func names(_ added: [String], _ removed: [String], _ changed: [String]) -> DriftEvidence {
        .names(
            added: Array(added.prefix(Self.maximumListed)), removed: Array(removed.prefix(Self.maximumListed)),
            changed: Array(changed.prefix(Self.maximumListed)))
    }

    private func change(
        _ package: String, _ was: PackageList.Entry?, _ now: PackageList.Entry?, _ consequence: String
    ) -> DriftChange {
        func version(_ entry: PackageList.Entry?) -> String {
            guard let entry else { return "not asked for" }
            return entry.version.isEmpty ? "any version" : "`\(Escaped(entry.version, limit: 80))`"
        }
        return DriftChange(
            "packages-changed", .code, .behaviour, component, [.init(name, package)],
            "`\(package)` is \(version(now)), was \(version(was))", consequence: consequence,
            before: was.map { .string($0.version) }, after: now.map { .string($0.version) })
    }

    private func text(_ entry: PackageList.Entry) -> String {
        let isWord = entry.version.first.map { $0.isLetter || $0.isNumber || $0 == "@" } ?? false
        return entry.name + (isWord ? " " : "") + entry.version
    }
}
