// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import Mirror
import SystemPackage
import TestKit
import Testing

@Suite struct `Inspecting models on the command line` {
    @Test func `a file, a directory and an index are shown, and nothing is asked of a Hub`() async throws {
        let workspace = try await Workspace()
        try workspace.write(ModelBuilder.tinyModel(), to: "tiny")
        try workspace.write(ModelFolder.sharded(), to: "sharded")
        for command in [
            ["tiny"], ["tiny/model.safetensors", "--tensors"], ["tiny/model.safetensors", "--json", "--tensors"],
            ["sharded", "--strict", "--tensors"], ["sharded/model.safetensors.index.json", "--json"],
            ["tiny/1_Pooling"],
        ] {
            #expect(try await workspace.run(["inspect"] + command).status == 0)
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("inspect")
    }

    @Test func `the effective defaults are shown, and what each engine makes of them`() async throws {
        let workspace = try await Workspace()
        var files = ModelBuilder.tinyModel()
        files["generation_config.json"] = Array(#"{"temperature": 0.6, "top_p": 0.95, "eos_token_id": 2}"#.utf8)
        try workspace.write(files, to: "tiny")
        #expect(try await workspace.run("inspect", "tiny", "--defaults").status == 0)
        #expect(try await workspace.run("inspect", "tiny", "--defaults", "--engine", "vllm", "--json").status == 0)
        #expect(try await workspace.run("inspect", "tiny", "--defaults", "--engine", "unknown").status == 2)
        #expect(try await workspace.run("inspect", "tiny", "--engine", "vllm").status == 2)
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("inspect-defaults")
    }

    @Test func `where index, headers and files do not agree is told, and is an error only when strict`() async throws {
        let workspace = try await Workspace()
        var files = ModelFolder.sharded(total: 7)
        files["model-00002-of-00002.safetensors"] = ModelBuilder.safetensors([
            ModelFolder.first, ModelFolder.second, ModelBuilder.Tensor("extra", shape: [1], floats: [1]),
        ])
        files["old.safetensors"] = ModelFolder.single
        try workspace.write(files, to: "mixed")
        #expect(try await workspace.run("inspect", "mixed").status == 0)
        #expect(try await workspace.run("inspect", "mixed", "--strict").status == 5)
        #expect(try await workspace.run("inspect", "mixed", "--strict", "--json").status == 5)
        files = ModelFolder.sharded()
        files["model-00001-of-00002.safetensors"] = nil
        try workspace.write(files, to: "missing")
        #expect(try await workspace.run("inspect", "missing", "--strict").status == 5)
        files["model.safetensors.index.json"] = nil
        try workspace.write(files, to: "numbered")
        #expect(try await workspace.run("inspect", "numbered", "--strict").status == 5)
        try workspace.check("inspect-findings")
    }

    @Test func `variants side by side are no strays of one another`() async throws {
        let workspace = try await Workspace()
        var files = ModelFolder.sharded()
        files["model.fp16.safetensors"] = ModelFolder.single
        files["model.safetensors.index.fp16.json"] = Array(
            #"{"weight_map": {"layers.0.weight": "model.fp16.safetensors", "layers.1.weight": "model.fp16.safetensors", "tokens": "model.fp16.safetensors"}}"#
                .utf8)
        try workspace.write(files, to: "variants")
        let outcome = try await workspace.quietly("inspect", "variants", "--strict")
        #expect(outcome.output.components(separatedBy: "tensors       3").count == 3)
    }

    @Test func `what a strict reader refuses is a finding with its place`() async throws {
        let workspace = try await Workspace()
        let entry = #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#
        let headers: [(String, String)] = [
            ("space", #" {"a":{\#(entry)}}"#), ("unknown", #"{"a":{\#(entry),"note":1}}"#),
            ("twice", #"{"a":{\#(entry)},"a":{\#(entry)}}"#), ("null", #"{"__metadata__":null,"a":{\#(entry)}}"#),
            (
                "uneven",
                #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
            ),
        ]
        for (name, header) in headers {
            try workspace.write(
                [
                    "\(name).safetensors": ModelFolder.file(
                        header, data: Array(repeating: 1, count: name == "uneven" ? 5 : 4))
                ],
                to: ".")
            #expect(try await workspace.run(["inspect", "\(name).safetensors"], isRecorded: false).status == 0)
            #expect(try await workspace.run("inspect", "\(name).safetensors", "--strict").status == 5)
        }
        try await workspace.run("inspect", "unknown.safetensors", "--json")
        try workspace.check("inspect-strict")
    }

    @Test func `bytes that are no safetensors file end with 1, each with its reason`() async throws {
        let workspace = try await Workspace()
        try workspace.write(
            [
                "empty.safetensors": [], "short.safetensors": [1, 2, 3],
                "huge.safetensors": Array(repeating: 0xFF, count: 16),
                "text.safetensors": Array("once upon a time".utf8),
                "cut.safetensors": Array(ModelFolder.single.dropLast()), "good.safetensors": ModelFolder.single,
            ], to: "bad")
        try workspace.write(["model.safetensors.index.json": Array("{\"weight_map\": [".utf8)], to: "index")
        for command in [
            ["bad"], ["bad", "--json"], ["bad/cut.safetensors", "--strict"], ["index"], ["index", "--json"],
        ] {
            #expect(try await workspace.run(["inspect"] + command).status == 1)
        }
        #expect(try await workspace.run("inspect", "bad/good.safetensors", "bad/empty.safetensors").status == 1)
        try workspace.check("inspect-unreadable")
    }

    @Test func `every file of the corpus is judged as the reference judges it`() async throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Corpus/safetensors")
        let rows = String(decoding: try Data(contentsOf: folder.appendingPathComponent("verdicts.tsv")), as: UTF8.self)
            .components(separatedBy: "\n").filter { !$0.isEmpty && !$0.hasPrefix("#") }
            .map { $0.components(separatedBy: "\t") }.filter { $0.count > 2 }
        let names = rows.map { "\($0[0]).safetensors" }.filter {
            FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
        }
        #expect(names.count > 100)
        let workspace = try await Workspace()
        let outcome = try await workspace.run(
            ["inspect", "--json"] + names.map { folder.appendingPathComponent($0).path }, isRecorded: false)
        #expect(outcome.status == 1)
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        let targets = try #require(document?["targets"] as? [[String: Any]])
        #expect(targets.count == names.count)
        let verdicts = Dictionary(rows.map { ("\($0[0]).safetensors", $0[2]) }) { first, _ in first }
        for (name, target) in zip(names, targets) {
            let parts = ((target["models"] as? [[String: Any]])?.first?["parts"] as? [[String: Any]]) ?? []
            let isRefused = parts.first?["problem"] != nil
            #expect(isRefused == (verdicts[name] == "ERR"), "\(name)")
        }
    }

    @Test func `names that would colour a terminal or move its cursor are made visible`() async throws {
        let workspace = try await Workspace()
        let header =
            #"{"__metadata__":{"\u001b[2J":"\u202e\r"},"\u001b[31mred\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        try workspace.write(["a.safetensors": ModelFolder.file(header, data: [1])], to: "esc\u{1B}[7m")
        let outcome = try await workspace.run("inspect", "esc\u{1B}[7m", "--tensors")
        #expect(!outcome.output.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x0D })
        try workspace.check("inspect-hostile-names")
    }

    @Test func `a repository is read by ranges: kilobytes of megabytes`() async throws {
        let workspace = try await Workspace()
        var files = ModelBuilder.tinyModel()
        let large = ModelBuilder.Tensor(
            "large", dtype: "U8", shape: [3 << 20], data: Array(repeating: 7, count: 3 << 20))
        files["model.safetensors"] = ModelBuilder.safetensors([large])
        for (name, bytes) in ModelFolder.sharded() { files["sharded/\(name)"] = bytes }
        try workspace.hub.commit(Workspace.repository, files, tags: ["v1"])
        workspace.hub.forgetRequests()
        for command in [
            ["example/tiny"], ["example/tiny@v1:model.safetensors", "--tensors"], ["hf://example/tiny@v1/sharded"],
            ["hf://example/tiny/sharded/model.safetensors.index.json", "--json"],
        ] {
            #expect(try await workspace.run(["inspect"] + command).status == 0)
        }
        let downloads = workspace.hub.requests.filter(\.isDownload)
        #expect(downloads.count == 11)
        for request in downloads where request.path.hasSuffix("/model.safetensors") {
            #expect(request.headers["range"] == "bytes=0-65535")
            #expect(request.bytesSent == 65536)
        }
        #expect(downloads.allSatisfy { !$0.path.hasSuffix("README.md") })
        try workspace.check("inspect-remote")
    }

    @Test func `a header longer than the first range is fetched by a second one, and no more`() async throws {
        let workspace = try await Workspace()
        let tensors = (0..<2000).map {
            ModelBuilder.Tensor("layers.\($0).self_attn.q_proj.weight", shape: [1], floats: [0])
        }
        let bytes = ModelBuilder.safetensors(tensors)
        try workspace.hub.commit(Workspace.repository, ["model.safetensors": bytes + []])
        workspace.hub.forgetRequests()
        let outcome = try await workspace.quietly("inspect", "example/tiny")
        #expect(outcome.output.contains("2,000"))
        let ranges = workspace.hub.requests.filter(\.isDownload).compactMap { $0.headers["range"] }
        #expect(ranges == ["bytes=0-65535", "bytes=65536-\(bytes.count - 8000 - 1)"])
    }

    @Test func `a private repository is inspected with the token, which is never printed`() async throws {
        let hub = try await LoopbackHub(access: MirrorAccess(tokens: [Secret(Workspace.token)].compactMap { $0 }))
        try hub.commit("example/tiny", ModelBuilder.tinyModel())
        try #require(try hub.root.repository(try RepositoryID("example/tiny"))).update(
            RepositorySettings(access: .private))
        let workspace = try await Workspace(hub: hub)
        #expect(try await workspace.run("inspect", "example/tiny").status == 1)
        try await workspace.quietly("inspect", "example/tiny", environment: ["HF_TOKEN": Workspace.token])
        #expect(try await workspace.run("inspect", "example/tiny", "--offline").status == 1)
        try workspace.write("user/.cache/huggingface/token", Workspace.token + "\n")
        #expect(try await workspace.run("inspect", "example/tiny:nothing.bin").status == 1)
        try workspace.check("inspect-private")
    }

    @Test func `a deliverable is inspected from the store`() async throws {
        let workspace = try await Workspace.locked()
        #expect(try await workspace.run("inspect", "tiny").status == 1)
        try await workspace.quietly("sync")
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("inspect", "tiny").status == 0)
        #expect(try await workspace.run("inspect", "tiny:model.safetensors", "--json").status == 0)
        #expect(try await workspace.run("inspect", "tiny:1_Pooling").status == 0)
        #expect(try await workspace.run("inspect", "tiny:absent").status == 1)
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("inspect-deliverable")
    }

    @Test func `a word that means nothing is never asked of a Hub`() async throws {
        let workspace = try await Workspace.locked()
        workspace.hub.forgetRequests()
        for target in ["nope", "/nope", "./nope", "models/typo.safetensors", "a/b/c", "tiny2:x", "", "/dev/null"] {
            let outcome = try await workspace.run("inspect", target)
            #expect([1, 2].contains(outcome.status))
        }
        for target in ["hf://", "hf://a", "hf://a/b@..", "a/b@x:/etc", "a/b:../c", "hf://a/b@%zz/c"] {
            try await workspace.run("inspect", target, "--offline")
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("inspect-targets")
    }

    // MARK: - Other containers

    /// A file of `Tests/Corpus`.
    private static func sample(_ path: String) throws -> [UInt8] {
        let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")
        return try FileSystem.read(corpus.appending(path), limit: 16 << 20)
    }

    private static func containers() throws -> [String: [UInt8]] {
        [
            "pytorch_model.bin": try sample("checkpoint/tied.pt"),
            "nested.pt": try sample("checkpoint/nested-legacy.pt"),
            "arrays.npz": try sample("checkpoint/arrays.npz"), "model.gguf": try sample("gguf/everything.gguf"),
            "words.gguf": try sample("gguf/vocabulary.gguf"),
            "training_args.bin": try sample("checkpoint/bare.pt"), "notes.bin": Array("once upon a time".utf8),
        ]
    }

    @Test func `checkpoints, numpy archives and GGUF are shown by their content`() async throws {
        let workspace = try await Workspace()
        try workspace.write(Self.containers(), to: "mixed")
        try workspace.write(["model": Self.sample("gguf/quantized.gguf")], to: ".")
        for command in [
            ["mixed"], ["mixed/nested.pt", "--tensors", "--json"], ["mixed/model.gguf", "--tensors", "--json"],
            ["model", "mixed/pytorch_model.bin", "--tensors"],
        ] {
            #expect(try await workspace.run(["inspect"] + command).status == 0)
        }
        #expect(try await workspace.run("inspect", "mixed/arrays.npz", "--strict").status == 5)
        #expect(try await workspace.run("inspect", "mixed/notes.bin").status == 1)
        try workspace.check("inspect-containers")
    }

    @Test func `every GGUF of the corpus is shown or refused with a reason, and so is every checkpoint`() async throws {
        let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")
        let workspace = try await Workspace()
        var refused = 0
        for folder in ["gguf", "checkpoint"] {
            for name in try FileSystem.list(corpus.appending(folder)).sorted()
            where [".gguf", ".pt", ".npz", ".npy"].contains(where: { name.hasSuffix($0) }) {
                let path = corpus.appending(folder).appending(name)
                let outcome = try await workspace.run(["inspect", path.string, "--tensors"], isRecorded: false)
                #expect([0, 1].contains(outcome.status), "\(name): \(outcome.errors)")
                if outcome.status == 1 {
                    refused += 1
                    #expect(outcome.errors.contains("error: 1 file cannot be read"), "\(name): \(outcome.errors)")
                }
            }
        }
        #expect(refused > 15)
    }

    @Test func `containers of a repository are read by ranges, and say the same as on this machine`() async throws {
        let workspace = try await Workspace()
        var files = try Self.containers()
        // A checkpoint and a GGUF file with much more in them than their headers.
        files["arrays.npz"] = nil
        files["big.gguf"] = try Self.sample("gguf/everything.gguf") + Array(repeating: 0, count: 3 << 20)
        try workspace.hub.commit(Workspace.repository, files)
        try workspace.write(files, to: "local")
        workspace.hub.forgetRequests()
        func models(_ target: String) async throws -> String {
            let text = try await workspace.quietly("inspect", target, "--json", "--tensors").output
            let models = text[(text.range(of: "\"models\"") ?? text.startIndex..<text.endIndex).lowerBound...]
            // The directory of an archive does not say where a member's bytes begin; only what stands in front of it does.
            return models.split(separator: "\n").filter { !$0.contains("\"offset\"") }
                .map { $0.hasSuffix(",") ? $0.dropLast() : $0 }.joined(separator: "\n")
        }
        #expect(try await models("example/tiny") == models("local"))
        for request in workspace.hub.requests.filter(\.isDownload) where request.path.hasSuffix("/big.gguf") {
            #expect(request.bytesSent <= 65536)
        }
    }
}
