// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import Safetensors
import SystemPackage
import TestKit
import Testing

@Suite struct `Converting on the command line` {
    /// The tensor listing of a target.
    private func tensors(_ workspace: Workspace, _ target: String) async throws -> String {
        try await workspace.quietly("digest", "--tensors", target).output
    }

    @Test func `tensors are split, merged and spread anew, and stay the same`() async throws {
        let workspace = try await Workspace()
        try workspace.write(["model.safetensors": ModelFolder.single], to: "one")
        let before = try await tensors(workspace, "one")
        for command in [
            ["one", "split", "--shards", "3", "--dry-run"], ["one", "split", "--shards", "3"],
            ["split", "sized", "--max-shard-size", "64"], ["split", "merged.safetensors", "--merge", "--json"],
            ["split/model.safetensors.index.json", "deep/er/aligned.safetensors", "--align", "4096"],
            ["split", "same", "--json", "--dry-run"], ["split", "same"],
        ] {
            #expect(try await workspace.run(["convert"] + command).status == 0)
        }
        for target in ["split", "sized", "merged.safetensors", "deep/er/aligned.safetensors", "same"] {
            #expect(try await tensors(workspace, target) == before, "\(target)")
            try await workspace.quietly("inspect", "--strict", target)
        }
        #expect(try FileSystem.list(workspace.project.appending("sized")).count == 3)
        #expect(try FileSystem.list(workspace.project.appending("same")).count == 4)
        #expect(
            try SafetensorsFile(workspace.project.appending("deep/er/aligned.safetensors")).header.dataStart == 4096)
        #expect(try leftovers(workspace).isEmpty)
        try workspace.check("convert")
    }

    private func leftovers(_ workspace: Workspace) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: workspace.project.string).filter {
            $0.hasSuffix(".tmp") || $0.hasSuffix(".header")
        }
    }

    @Test func `nothing is overwritten without being told`() async throws {
        let workspace = try await Workspace()
        try workspace.write(["model.safetensors": ModelFolder.single], to: "one")
        try workspace.write(["model.safetensors": [1, 2, 3], "note.txt": [4]], to: "there")
        try workspace.write(["b.safetensors": [1]], to: ".")
        let before = try workspace.state()
        for command in [["one", "there"], ["one", "b.safetensors"], ["one", "there/note.txt"]] {
            #expect(try await workspace.run(["convert"] + command).status == 1)
        }
        #expect(try workspace.state() == before)
        #expect(try await workspace.run("convert", "one", "there", "--force").status == 0)
        #expect(try await workspace.run("convert", "one", "b.safetensors", "--force").status == 0)
        #expect(try workspace.text("project/there/note.txt") == "\u{4}")
        let listing = try await tensors(workspace, "one")
        #expect(try await tensors(workspace, "there/model.safetensors") == listing)
        #expect(try await tensors(workspace, "b.safetensors") == listing)
        #expect(try leftovers(workspace).isEmpty)
        try workspace.check("convert-existing")
    }

    @Test func `a file that is replaced keeps its permissions and the link that leads to it`() async throws {
        let workspace = try await Workspace()
        try workspace.write(["a.safetensors": ModelFolder.single, "real.safetensors": [1]], to: ".")
        let real = workspace.project.appending("real.safetensors")
        try FileSystem.setPermissions(real, 0o640)
        try FileSystem.symbolicLink(workspace.project.appending("link.safetensors"), to: "real.safetensors")
        try await workspace.quietly("convert", "a.safetensors", "link.safetensors", "--force")
        #expect(try FileSystem.readLink(workspace.project.appending("link.safetensors")) == "real.safetensors")
        #expect(try FileSystem.status(real)?.mode == 0o640)
        #expect(try await tensors(workspace, "real.safetensors") == (try await tensors(workspace, "a.safetensors")))
    }

    @Test func `metadata are changed in place, in the header alone where it has room`() async throws {
        let workspace = try await Workspace()
        try workspace.write(["m.safetensors": ModelFolder.single], to: ".")
        let before = try await tensors(workspace, "m.safetensors")
        let path = workspace.project.appending("m.safetensors")
        for command in [
            ["--metadata", "license=apache-2.0", "--reserve", "4096", "--dry-run"],
            ["--metadata", "license=apache-2.0", "--reserve", "4096"],
            ["--metadata", "license=mit", "--metadata", "a=b=c", "--dry-run"],
            ["--metadata", "license=mit", "--metadata", "a=b=c", "--json"],
            ["--metadata", "license=mit"], ["--remove-metadata", "license", "--remove-metadata", "absent"],
            ["--align", "64"],
        ] {
            let inode = try FileSystem.status(path)?.inode
            #expect(try await workspace.run(["convert", "m.safetensors", "--in-place"] + command).status == 0)
            #expect(try await tensors(workspace, "m.safetensors") == before)
            if command.last == "--json" { #expect(try FileSystem.status(path)?.inode == inode) }
        }
        let header = try SafetensorsFile(path).header
        #expect(header.metadata("a") == "b=c")
        #expect(header.metadata("format") == "pt")
        #expect(header.metadata("license") == nil)
        #expect(header.dataStart % 64 == 0)
        #expect(try leftovers(workspace).isEmpty)
        try workspace.check("convert-in-place")
    }

    @Test func `metadata that contradict each other have to be decided`() async throws {
        let workspace = try await Workspace()
        var files = ModelFolder.sharded()
        files["model-00001-of-00002.safetensors"] = ModelBuilder.safetensors(
            [ModelFolder.first], metadata: [("format", "np")])
        try workspace.write(files, to: "model")
        #expect(try await workspace.run("convert", "model", "out.safetensors").status == 2)
        #expect(try await workspace.run("convert", "model", "out.safetensors", "--metadata", "x=y").status == 2)
        #expect(try await workspace.run("convert", "model", "out.safetensors", "--metadata", "format=pt").status == 0)
        #expect(
            try await workspace.run("convert", "model", "none.safetensors", "--remove-metadata", "format").status == 0)
        #expect(try SafetensorsFile(workspace.project.appending("out.safetensors")).header.metadata("format") == "pt")
        try workspace.check("convert-metadata")
    }

    @Test func `what is not one whole readable model is refused, and nothing is left behind`() async throws {
        let workspace = try await Workspace.synced()
        workspace.hub.forgetRequests()
        var files = ModelFolder.sharded()
        files["model-00001-of-00002.safetensors"] = nil
        try workspace.write(files, to: "missing")
        try workspace.write(["a.safetensors": ModelFolder.single, "b.safetensors": ModelFolder.single], to: "two")
        try workspace.write(["a.safetensors": Array("once upon a time".utf8)], to: "bad")
        try workspace.write(["x.txt": [1]], to: "none")
        let before = try workspace.state()
        for command in [
            ["missing", "out"], ["two", "out"], ["bad", "out"], ["none", "out"], ["absent", "out"],
            ["example/other", "out"], ["two/a.safetensors", "out", "--shards", "4"],
            ["tiny", "--in-place", "--align", "64"],
        ] {
            let outcome = try await workspace.run(["convert"] + command)
            #expect([1, 2].contains(outcome.status))
        }
        #expect(try workspace.state() == before)
        #expect(try await workspace.run("convert", "tiny", "copy.safetensors", "--merge").status == 0)
        #expect(try await tensors(workspace, "copy.safetensors") == (try await tensors(workspace, "tiny")))
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("convert-refused")
    }

    @Test func `command lines that contradict themselves end with 2`() async throws {
        let workspace = try await Workspace()
        for command in [
            [], ["a"], ["a", "b", "--in-place"], ["a", "--in-place"], ["a", "--in-place", "--merge", "--align", "64"],
            ["a", "b", "--merge", "--shards", "2"], ["a", "b", "--shards", "0"], ["a", "b", "--max-shard-size", "5XB"],
            ["a", "b", "--max-shard-size", "99999999999TB"], ["a", "b", "--max-shard-size", "0"],
            ["a", "b", "--align", "7"], ["a", "b", "--metadata", "=x"], ["a", "b", "--metadata", "x"],
            ["a", "b", "--reserve", "-1"], ["a", "b.safetensors", "c"],
        ] {
            #expect(try await workspace.run(["convert"] + command).status == 2)
        }
        try workspace.check("convert-usage")
    }

    // MARK: - Checkpoints

    /// A file of `Tests/Corpus`.
    private static func sample(_ path: String) throws -> [UInt8] {
        let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")
        return try FileSystem.read(corpus.appending(path), limit: 16 << 20)
    }

    /// Two checkpoints and their index, as transformers writes them.
    private static func shardedCheckpoint() throws -> [String: [UInt8]] {
        let (first, second) = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
        let names = [
            first: [
                "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
            ],
            second: ["wte.weight", "lm_head.weight", "part", "other"],
        ]
        let map = names.flatMap { file, names in names.map { "\"\($0)\": \"\(file)\"" } }.sorted().joined(
            separator: ", ")
        return [
            first: try sample("checkpoint/state_dict.pt"), second: try sample("checkpoint/tied.pt"),
            "pytorch_model.bin.index.json": Array(
                "{\"metadata\": {\"total_size\": 268}, \"weight_map\": {\(map)}}".utf8),
            "training_args.bin": Array("not a checkpoint".utf8), "config.json": Array("{}".utf8),
        ]
    }

    @Test func `checkpoints become safetensors with the same tensors, and what is left out is told`() async throws {
        let workspace = try await Workspace()
        try workspace.write(
            [
                "tied.pt": Self.sample("checkpoint/tied.pt"), "nested.pt": Self.sample("checkpoint/nested.pt"),
                "old.bin": Self.sample("checkpoint/views-legacy.pt"),
                "arrays.npz": Self.sample("checkpoint/packed.npz"),
            ], to: ".")
        try workspace.write(try Self.shardedCheckpoint(), to: "sharded")
        for command in [
            ["tied.pt", "tied.safetensors", "--dry-run"], ["tied.pt", "tied.safetensors"],
            ["nested.pt", "nested", "--metadata", "license=mit"],
            ["nested.pt", "state.safetensors", "--key", "optimizer.state", "--json"],
            ["old.bin", "old", "--max-shard-size", "300"], ["arrays.npz", "arrays.safetensors", "--align", "64"],
            ["sharded", "model"], ["sharded/pytorch_model.bin.index.json", "one.safetensors"],
            ["sharded", "three", "--shards", "3", "--json"],
        ] {
            #expect(try await workspace.run(["convert"] + command).status == 0)
        }
        for (source, results) in [
            ("tied.pt", ["tied.safetensors"]), ("nested.pt", ["nested/nested.safetensors"]), ("old.bin", ["old"]),
            ("arrays.npz", ["arrays.safetensors"]), ("sharded", ["model", "one.safetensors", "three"]),
        ] {
            let before = try await tensors(workspace, source)
            for result in results {
                #expect(try await tensors(workspace, result) == before, "\(result)")
                try await workspace.quietly("inspect", "--strict", result)
            }
        }
        #expect(
            try FileSystem.list(workspace.project.appending("model")).sorted() == [
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json",
            ])
        #expect(try leftovers(workspace).isEmpty)
        try workspace.check("convert-checkpoint")
    }

    @Test func `the same checkpoint gives the same files twice`() async throws {
        let workspace = try await Workspace()
        try workspace.write(try Self.shardedCheckpoint(), to: "sharded")
        for target in ["a", "b"] { try await workspace.quietly("convert", "sharded", target) }
        for name in try FileSystem.list(workspace.project.appending("a")) {
            #expect(
                try FileSystem.read(workspace.project.appending("a/\(name)"), limit: 1 << 20)
                    == FileSystem.read(workspace.project.appending("b/\(name)"), limit: 1 << 20))
        }
    }

    @Test func `what the scan does not clear or safetensors cannot hold is refused, and nothing is written`()
        async throws
    {
        let workspace = try await Workspace()
        var damaged = try Self.sample("checkpoint/state_dict.pt")
        // A byte of the first storage: its checksum is wrong then.
        let storage = try #require(damaged.firstRange(of: Array("data/0".utf8)))
        damaged[storage.upperBound + 64] ^= 1
        var incomplete = try Self.shardedCheckpoint()
        incomplete["pytorch_model-00002-of-00002.bin"] = nil
        try workspace.write(
            [
                "attack.bin": Array("cos\nsystem\n(S'true'\ntR.".utf8),
                "refused.pt": Self.sample("checkpoint/refused.pt"),
                "objects.npz": Self.sample("checkpoint/arrays.npz"), "array.npy": Self.sample("checkpoint/c.npy"),
                "damaged.pt": damaged, "cut.pt": Array(Self.sample("checkpoint/state_dict.pt").dropLast(200)),
                "text.bin": Array("once upon a time".utf8), "model.gguf": Self.sample("gguf/quantized.gguf"),
                "nested.pt": Self.sample("checkpoint/nested.pt"), "m.safetensors": ModelFolder.single,
            ], to: ".")
        try workspace.write(incomplete, to: "incomplete")
        let before = try workspace.state()
        for (command, status) in [
            (["attack.bin", "out"], 5), (["refused.pt", "out"], 5), (["objects.npz", "out.safetensors"], 5),
            (["array.npy", "out"], 5), (["damaged.pt", "out"], 5), (["cut.pt", "out"], 5), (["text.bin", "out"], 1),
            (["model.gguf", "out"], 2), (["incomplete", "out"], 1), (["nested.pt", "out", "--key", "epoch"], 2),
            (["nested.pt", "--in-place", "--align", "64"], 2), (["m.safetensors", "out", "--key", "a"], 2),
        ] as [([String], Int32)] {
            #expect(try await workspace.run(["convert"] + command).status == status, "\(command)")
        }
        #expect(try workspace.state() == before)
        try workspace.check("convert-checkpoint-refused")
    }
}
