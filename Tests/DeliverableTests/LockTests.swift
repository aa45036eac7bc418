// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `A lock` {
    @Test func `reads back as what was written`() throws {
        let lock = try Vector.lock()
        let parsed = try Lock.parse(lock.canonicalText)
        #expect(parsed == lock)
        #expect(parsed.canonicalText.utf8.elementsEqual(lock.canonicalText.utf8))
        #expect(try Lock.parse(Lock(deliverables: []).canonicalText) == Lock(deliverables: []))
        #expect(Lock(deliverables: []).canonicalText.hasPrefix("{\n  \"version\": 1,\n  \"identity\": \"e3b0c442"))
    }

    @Test func `is the same text in whatever order things are given`() throws {
        let lock = try Vector.lock()
        let shuffled = Lock(
            deliverables: lock.deliverables.reversed().map { entry in
                LockedDeliverable(
                    name: entry.name,
                    sources: entry.sources.reversed().map {
                        LockedSource(
                            role: $0.role, request: $0.request, commit: $0.commit, date: $0.date,
                            files: $0.files.reversed())
                    },
                    launch: entry.launch, localFiles: entry.localFiles.reversed(),
                    defaults: entry.defaults.reversed(), tensors: entry.weights?.tensors, scan: entry.scan,
                    replacements: entry.replacements.reversed())
            })
        #expect(shuffled.canonicalText == lock.canonicalText)
    }

    /// One edit of the valid lock, and what the error says.
    struct Edit: CustomTestStringConvertible {
        let find: String
        let replace: String
        let expected: String
        init(_ find: String, _ replace: String, _ expected: String) {
            (self.find, self.replace, self.expected) = (find, replace, expected)
        }
        var testDescription: String { "\(find) → \(replace)" }
    }

    @Test(arguments: [
        Edit("\"version\": 1", "\"version\": 2", "has format version 2, this program reads version 1"),
        Edit("\"version\": 1", "\"version\": \"1\"", "has format version \"1\", this program reads version 1"),
        Edit("\"version\": 1,", "", "has no `version`: expected 1"),
        Edit(
            "\n    {\n      \"name\": \"chat\"", "\n<<<<<<< HEAD\n    {\n      \"name\": \"chat\"",
            "has a merge conflict: `<<<<<<<` in line 36"),
        Edit(
            "\n    {\n      \"name\": \"chat\"", "\n=======\n    {\n      \"name\": \"chat\"",
            "has a merge conflict: `=======` in line 36"),
        Edit("\n", "\r\n", "has CR LF line ends (first in line 1)"),
        Edit("{\n", "[\n", "is not JSON"),
        Edit("\"size\": 1, \"sha256\"", "\"size\": -1, \"sha256\"", "`-1` is not a size"),
        Edit(
            "\"size\": 1,", "\"size\": 9223372036854775808,",
            "is not JSON, or has a number that is not whole or too large"),
        Edit("\"size\": 1,", "\"size\": 1.0,", "line 10 differs"),
        Edit("\"size\": 1,", "\"size\": 1.5,", "is not JSON, or has a number that is not whole or too large"),
        Edit(
            "\"size\": 1,", "\"size\": \"1\",", "has a value of the wrong type at `deliverables[0].components[0].size`"),
        Edit("\"size\": 1,", "\"size\": 2,", "component `weights` has 1 files of 1 bytes; recorded are 1 of 2"),
        Edit("\"size\": 1, ", "", "lacks the key `deliverables[0].components[0].size`"),
        Edit("\"size\": 1,", "\"size\": 1, \"size\": 1,", "cannot be read: duplicate key"),
        Edit("\"size\": 1,", "\"size\": 1, \"sizes\": 1,", "line 10 differs"),
        Edit("\"size\": 1,", "\"size\":1,", "line 10 differs"),
        Edit("\"name\": \"Z.small\"", "\"name\": \"../up\"", "cannot name a deliverable"),
        Edit("\"name\": \"Z.small\"", "\"name\": \"zz\"", "the identity of the project is not the one recorded"),
        Edit("\"name\": \"Z.small\"", "\"name\": \"chat\"", "the deliverable `chat` is there twice"),
        Edit(
            "\"path\": \"model.safetensors\"", "\"path\": \"../model.safetensors\"", "it leaves its directory with `..`"
        ),
        Edit(
            "\"path\": \"model.safetensors\"", "\"path\": \"model.safetensors\\u0000\"",
            "cannot be used: it contains NUL"),
        Edit(
            "\"sha256\": \"2d711642", "\"sha256\": \"2d711643",
            "the digest of component `weights` is not the one recorded"),
        Edit("\"sha256\": \"2d711642", "\"sha256\": \"2D711642", "is not a SHA-256 of 64 lower-case digits"),
        Edit("\"git\": \"c1b0730e", "\"git\": \"c1b0730", "is not a git id of 40 lower-case digits"),
        Edit("\"commit\": \"c70bf6d1", "\"commit\": \"c70bf6d", "is not a commit id of 40 digits"),
        Edit("\"identity\": \"897a", "\"identity\": \"897b", "the identity of the project is not the one recorded"),
        Edit("\"identity\": \"ed24", "\"identity\": \"ed25", "the identity of `Z.small` is not the one recorded"),
        Edit("\"behaviour\": \"e3d3", "\"behaviour\": \"e3d4", "the behaviour of `Z.small` is not the one recorded"),
        Edit(
            "\"sha256\": \"fea3", "\"sha256\": \"fea4",
            "`Z.small`: the digest of component `weights` is not the one recorded"),
        Edit(
            "{\"component\": \"weights\", \"sha256\": \"fea3", "{\"component\": \"config\", \"sha256\": \"fea3",
            "tensors of component `config`: only `weights` has a tensor digest"),
        Edit("\"component\": \"tokenizer\", \"sha256\"", "\"component\": \"config\", \"sha256\"", "recorded are"),
        Edit("\"component\": \"weights\"}", "\"component\": \"launch\"}", "a file of `model` cannot be `launch`"),
        Edit("\"component\": \"weights\"}", "\"component\": \"thing\"}", "`thing` is not a component"),
        Edit("\"tensors\": null", "\"tensors\": \"x\"", "only `weights` has a tensor digest"),
        Edit("\"image\": null", "\"image\": \"x\"", "which this program does not know"),
        Edit("\"verdict\": \"review\"", "\"verdict\": \"clean\"", "`clean` is not a verdict"),
        Edit(
            "\"path\": \"model.safetensors\", \"result\": {", "\"path\": \"gone.safetensors\", \"result\": {",
            "there is no such file"),
        Edit("\"path\": \"other.safetensors\"", "\"path\": \"config.json\"", "config.json"),
        Edit("\"patches\": []", "\"patches\": [1]", "which this program does not know"),
        Edit("\"role\": \"model\"", "\"role\": \"base\"", "there is no source with role `model`"),
        Edit("\"role\": \"tokenizer\"", "\"role\": \"model\"", "a role is there twice"),
        Edit(
            "\"role\": \"adapters/0\"", "\"role\": \"adapters/2\"", "there is `adapters/1`, but not the one before it"),
        Edit("\"role\": \"adapters/0\"", "\"role\": \"adapters/00\"", "`adapters/00` is not a role"),
        Edit("\"kind\": \"model\"", "\"kind\": \"dataset\"", "kind is `dataset`, expected `model`"),
        Edit("\"repository\": \"gpt2\"", "\"repository\": \"a/b/c\"", "is not a repository name"),
        Edit("\"revision\": \"main\"", "\"revision\": \"a..b\"", "is not a revision"),
        Edit("\"include\": []", "\"include\": [\"\"]", "a file pattern must have"),
        Edit("\"date\": \"2024-01-01T00:00:00Z\"", "\"date\": \"2024-01-01\"", "is not a date such as"),
        Edit("\"date\": \"2024-01-01T00:00:00Z\"", "\"date\": \"2023-02-29T00:00:00Z\"", "is not a date such as"),
        Edit(
            "\"files\": [\"start.sh\", \"tools/warm.sh\"]", "\"files\": [\"start.sh\"]",
            "are not those that `launch` names"),
        Edit(
            "{\"name\": \"A\", \"value\": \"\"}", "{\"name\": \"a=\", \"value\": \"\"}", "`a=` cannot name a variable"),
        Edit("\"component\": \"prompts\"}", "\"component\": \"weights\"}", "a local file cannot be `weights`"),
        Edit("\"value\": 0.6", "\"value\": 0.60", "differs"),
        Edit("\"value\": \"bfloat16\"", "\"value\": \"bfloat\\u00316\"", "differs"),
    ])
    func `with a wrong value is refused with the reason`(_ edit: Edit) throws {
        let text = try Samples.text("valid-project.lock")
        let range = try #require(text.firstRange(of: edit.find), "the sample has no \(edit.find)")
        var damaged = text
        if edit.find == "\n" {
            damaged.replace("\n", with: "\r\n")
        } else {
            damaged.replaceSubrange(range, with: edit.replace)
        }
        let found = try #require(failure { _ = try Lock.parse(damaged) }, "accepted")
        #expect(found.code == .lockFile)
        #expect(found.message.contains(edit.expected), "\(found)")
        #expect(found.message.hasPrefix("`weighlock.lock`"))
        #expect(found.hint != nil)
    }

    @Test(arguments: Samples.names("invalid-", ".lock") + Samples.names("refused-", ".lock"))
    func `sample is refused`(_ name: String) throws {
        let text = try Samples.text(name)
        #expect(failure { _ = try Lock.parse(text) }?.code == .lockFile)
    }

    @Test(arguments: [
        "", " \n", "{}", "[]", "null", "{\"version\": null}", "{\"version\": 1}", "{", "\u{FEFF}{}", "[[[[",
        "{\"version\":1e400}",
    ])
    func `that is no lock is refused`(_ text: String) {
        #expect(failure { _ = try Lock.parse(text) }?.code == .lockFile)
    }

    @Test func `nested too deep is refused`() {
        for depth in [JSONShape.maximumDepth + 1, 513, 100_000] {
            let text =
                "{\"version\": " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
            #expect(failure { _ = try Lock.parse(text) }?.message.contains("too deep") == true)
        }
    }

    @Test func `over the size limit is refused`() {
        let text = String(repeating: " ", count: LockReader.maximumSize + 1)
        #expect(failure { _ = try Lock.parse(text) }?.message.contains("too large") == true)
    }

    @Test func `with file names that collide is refused`() throws {
        let text = try Samples.text("valid-project.lock").replacing(
            "\"path\": \"a.json\"", with: "\"path\": \"CONFIG.json\"")
        #expect(failure { _ = try Lock.parse(text) }?.message.contains("differ only in case or Unicode form") == true)
    }

    @Test func `with any one byte changed is refused`() throws {
        let seed: UInt64 = 4_711
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let original = Array(try Samples.text("valid-project.lock").utf8)
        // What is in no digest and still well-formed text may change: names, commits, dates, git ids, defaults.
        for _ in 0..<300 {
            var bytes = original
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            let byte = UInt8.random(in: 0x20..<0x7F, using: &generator)
            guard bytes[index] != byte else { continue }
            bytes[index] = byte
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                let lock = try Lock.parse(text)
                #expect(lock.canonicalText == text)
                #expect(lock.identity == (try Vector.lock()).identity)
            } catch let error as Failure {
                #expect(error.code == .lockFile)
            }
        }
    }

    @Test func `brings values into a form that survives writing and reading`() throws {
        let model = try #require(try Vector.lock().deliverables.first)
        let values: [JSONValue] = [
            .number(1), .number(-0.0), .number(1e16), .number(1e30), .number(0.1), .number(.infinity), .number(.nan),
            .object([.init("b", .number(2)), .init("a", .array([.number(3)])), .init("b", .null)]),
            .string("\u{7f}\u{2028}\"\\/"),
        ]
        let defaults = try values.enumerated().map {
            EffectiveDefault(name: "v\($0)", value: $1, file: try RelativePath("f"), key: nil)
        }
        #expect(
            defaults.map { $0.value.text(.compact) }.prefix(8) == [
                "1", "0", "10000000000000000", "1e+30", "0.1", "null", "null", #"{"a":[3],"b":2}"#,
            ])
        let lock = Lock(deliverables: [LockedDeliverable(name: model.name, sources: model.sources, defaults: defaults)])
        #expect(try Lock.parse(lock.canonicalText) == lock)
    }

    @Test func `contains no word of the machine it was made on`() throws {
        let text = try Vector.lock().canonicalText
        #expect(!text.contains("http") && !text.contains("hf_") && text.hasSuffix("}\n"))
    }
}
