// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import SystemPackage
import TestKit
import Testing

@Suite struct `Digests on the command line` {
    private func sha256sum(
        _ workspace: Workspace, _ arguments: String..., input: String = ""
    ) async throws -> Program.Outcome {
        let tool = try Program(in: workspace.project, home: workspace.home, executable: "/usr/bin/sha256sum")
        return try await tool.run(arguments, input: input)
    }

    @Test func `files, models and tensors are listed, and both tools agree about the files`() async throws {
        let workspace = try await Workspace()
        try workspace.write(ModelBuilder.tinyModel(), to: "tiny")
        try workspace.write(ModelFolder.sharded(), to: "sharded")
        try workspace.write(["a\nb.bin": [1], "back\\slash.bin": [2]], to: "odd")
        for command in [
            ["tiny"], ["tiny/model.safetensors"], ["--file", "sharded/"], ["--tensors", "sharded"],
            ["--tensors", "sharded/model-00001-of-00002.safetensors", "sharded/model-00002-of-00002.safetensors"],
            ["sharded/model.safetensors.index.json", "--json"], ["--tensors", "sharded", "--json"], ["odd"],
        ] {
            #expect(try await workspace.run(["digest"] + command).status == 0)
        }
        let listing = try await workspace.quietly("digest", "tiny", "sharded", "odd").output
        try workspace.write("project/listing", listing)
        let other = try await sha256sum(workspace, "--check", "--strict", "listing")
        #expect(other.status == 0, "\(other.output)\(other.errors)")
        #expect(try await workspace.run("digest", "--check", "listing").status == 0)
        #expect(try await workspace.run("digest", "--check", "listing", "--json").status == 0)
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("digest")
    }

    @Test func `a listing of sha256sum is checked`() async throws {
        let workspace = try await Workspace()
        try workspace.write(["a\nb.bin": [1], "plain.bin": [2, 3]], to: "odd")
        for mode in ["--text", "--binary"] {
            let listing = try await sha256sum(workspace, mode, "odd/a\nb.bin", "odd/plain.bin")
            try workspace.write("project/listing", listing.output)
            #expect(try await workspace.quietly("digest", "--check", "listing").errors.contains("2 files"))
        }
    }

    @Test func `the digest of a model does not depend on its packaging`() async throws {
        let workspace = try await Workspace()
        try workspace.write(["model.safetensors": ModelFolder.single], to: "one")
        try workspace.write(ModelFolder.sharded(), to: "two")
        let listings = try await [
            workspace.quietly("digest", "--tensors", "one").output,
            workspace.quietly("digest", "--tensors", "two").output,
        ]
        #expect(listings[0] == listings[1])
        let model = Digest(of: listings[0]).description
        for folder in ["one", "two"] {
            #expect(
                try await workspace.quietly("digest", folder).output.contains("# tensors \(model)  \(folder)/model."))
        }
    }

    @Test func `a difference is found and named`() async throws {
        let workspace = try await Workspace()
        try workspace.write(ModelFolder.sharded(), to: "model")
        try workspace.write("project/files", try await workspace.quietly("digest", "model").output)
        try workspace.write("project/tensors", try await workspace.quietly("digest", "--tensors", "model").output)
        try workspace.flip(
            workspace.project.appending("model/model-00002-of-00002.safetensors"),
            at: ModelBuilder.safetensors([ModelFolder.second, ModelFolder.third]).count - 30)
        for command in [
            ["files"], ["files", "--json"], ["tensors", "--tensors", "model"],
            ["tensors", "--tensors", "model", "--json"],
        ] {
            #expect(try await workspace.run(["digest", "--check"] + command).status == 3)
        }
        try FileSystem.remove(workspace.project.appending("model/model-00001-of-00002.safetensors"))
        #expect(try await workspace.run("digest", "--check", "files").status == 3)
        try workspace.write(
            [
                "other.safetensors": ModelBuilder.safetensors([
                    ModelFolder.first, ModelBuilder.Tensor("\\u001b[31mnew", shape: [1], floats: [1]),
                ])
            ], to: ".")
        #expect(try await workspace.run("digest", "--check", "tensors", "--tensors", "other.safetensors").status == 3)
        try workspace.check("digest-differences")
    }

    @Test func `what cannot be read, and listings that are none, end with 1`() async throws {
        let workspace = try await Workspace()
        try workspace.write(
            ["text.safetensors": Array("once upon a time".utf8), "good.safetensors": ModelFolder.single], to: "bad")
        try workspace.write("project/nonsense", "not a digest\n")
        try workspace.write("project/nothing", "# a comment\n\n")
        for command in [
            ["bad"], ["bad", "--json"], ["--tensors", "bad"], ["--tensors", "bad/text.safetensors"], ["absent"],
            ["example/tiny"],
            ["--check", "nonsense"], ["--check", "nothing"], ["--check", "absent"],
            ["--check", "nonsense", "--tensors", "bad/good.safetensors"],
        ] {
            let outcome = try await workspace.run(["digest"] + command)
            #expect([1, 2].contains(outcome.status))
        }
        #expect(try await workspace.run(["digest", "--file", "bad"]).status == 0)
        try workspace.check("digest-unreadable")
    }

    @Test func `command lines that contradict themselves end with 2`() async throws {
        let workspace = try await Workspace()
        for command in [
            [], ["--file", "--tensors", "x"], ["--check", "x", "y"], ["--check", "x", "--file"],
            ["--check", "x", "--tensors"],
        ] {
            #expect(try await workspace.run(["digest"] + command).status == 2)
        }
        try workspace.check("digest-usage")
    }

    @Test func `a deliverable is digested from the store`() async throws {
        let workspace = try await Workspace.locked()
        #expect(try await workspace.run("digest", "tiny").status == 3)
        try await workspace.quietly("sync")
        #expect(try await workspace.run("digest", "tiny").status == 0)
        #expect(try await workspace.run("digest", "--tensors", "tiny").status == 0)
        try workspace.check("digest-deliverable")
    }

    @Test func `checkpoints and GGUF have tensor digests, and a twin counts as the safetensors it is`() async throws {
        let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")
        func sample(_ path: String) throws -> [UInt8] { try FileSystem.read(corpus.appending(path), limit: 16 << 20) }
        let workspace = try await Workspace()
        try workspace.write(
            [
                "pytorch_model.bin": sample("checkpoint/tied.pt"), "refused.pt": sample("checkpoint/refused.pt"),
                "model-00001-of-00002.gguf": sample("gguf/quantized.gguf"),
                "model-00002-of-00002.gguf": sample("gguf/everything.gguf"), "notes.bin": Array("once".utf8),
            ], to: "mixed")
        #expect(try await workspace.run("digest", "mixed").status == 1, "a tensor without a digest is told")
        try FileSystem.remove(workspace.project.appending("mixed/refused.pt"))
        let listing = try await workspace.run("digest", "mixed")
        #expect(listing.status == 0)
        try workspace.write("project/listing", listing.output)
        #expect(try await workspace.run("digest", "--check", "listing").status == 0)
        #expect(try await workspace.run("digest", "--tensors", "mixed").status == 2)
        #expect(try await workspace.run("digest", "--tensors", "mixed/model-00001-of-00002.gguf").status == 0)
        try await workspace.quietly("convert", "mixed/pytorch_model.bin", "mixed/model.safetensors")
        let tensors = try await workspace.quietly("digest", "--tensors", "mixed/pytorch_model.bin").output
        #expect(try await workspace.quietly("digest", "--tensors", "mixed").output == tensors)
        // One bit of a block.
        var bytes = try sample("gguf/quantized.gguf")
        bytes[bytes.count - 100] ^= 1
        try FileSystem.replace(workspace.project.appending("mixed/model-00001-of-00002.gguf"), with: bytes)
        #expect(try await workspace.run("digest", "--check", "listing").status == 3)
        try workspace.check("digest-containers")
    }
}
