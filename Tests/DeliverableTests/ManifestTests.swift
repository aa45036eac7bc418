// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `A manifest` {
    @Test func `in the long form gives everything it says`() throws {
        let manifest = try Manifest.parse(try Samples.text("valid-long.yaml"))
        #expect(manifest.endpoint == "https://huggingface.co")
        #expect(manifest.deliverables.map(\.name.description) == ["chat", "other"])
        let chat = try #require(manifest.deliverables.first)
        #expect(chat.sources.map(\.role) == [.model, .tokenizer, .adapter(0), .dataset(0), .base])
        let model = try #require(chat.request(for: .model))
        #expect(model.repository.name == "Qwen/Qwen2.5-0.5B-Instruct")
        #expect(model.revision == .main)
        #expect(model.include.map(\.description) == ["*.safetensors", "*.json", "*.jinja", "*.txt"])
        #expect(model.exclude.map(\.description) == ["original/*"])
        #expect(chat.request(for: .tokenizer)?.include == TokenizerFiles.patterns)
        #expect(chat.request(for: .dataset(0))?.repository.kind == .dataset)
        #expect(chat.cacheDirectory == "/opt/model-cache")
        #expect(chat.launch?.command == ["vllm", "serve", "{model}", "--max-model-len", "8192"])
        #expect(chat.launch?.environment == [.init("VLLM_USE_V1", "1")])
        #expect(chat.launch?.files.map(\.description) == ["start.sh"])
        #expect(chat.packages?.description == "requirements.txt")
        #expect(chat.prompts.map(\.description) == ["prompts/*.jinja"])
        #expect(
            chat.unsupported == [
                "`image` at weighlock.yaml:14", "`patches` at weighlock.yaml:24", "`variants` at weighlock.yaml:26",
            ])
        #expect(manifest.deliverables[1].unsupported == ["`origin` at weighlock.yaml:28"])
        #expect(manifest.deliverables[1].sources.isEmpty)
        #expect(
            manifest.policy
                == Policy(
                    pickle: .convert, remoteCode: .review, cooldown: .seconds(7 * 86400),
                    licenses: ["apache-2.0", "mit"]))
    }

    @Test func `in the short form is one deliverable without a second source for an equal tokenizer revision`() throws {
        let manifest = try Manifest.parse(try Samples.text("valid-short.yaml"))
        let model = try #require(manifest.deliverables.first)
        #expect(manifest.deliverables.count == 1)
        #expect(model.name.description == "model")
        #expect(model.sources.map(\.role) == [.model])
        #expect(model.sources[0].request.revision.description == "8f3c1a2")
        #expect(model.cacheDirectory == "/opt/model-cache")
    }

    @Test func `in the short form takes only tokenizer files of another tokenizer revision`() throws {
        let manifest = try Manifest.parse("model: {repo: a/b, tokenizer_revision: v2}\n")
        let tokenizer = try #require(manifest.deliverables.first?.request(for: .tokenizer))
        #expect(tokenizer.repository.name == "a/b")
        #expect(tokenizer.revision.description == "v2")
        #expect(tokenizer.selects(try RelativePath("tokenizer.json")))
        #expect(!tokenizer.selects(try RelativePath("model.safetensors")))
        #expect(try Manifest.parse("model: {repo: a/b, tokenizer_revision: main}\n").deliverables[0].sources.count == 1)
    }

    @Test func `takes texts as they are written whatever YAML would make of them`() throws {
        let manifest = try Manifest.parse(try Samples.text("valid-plain-scalars.yaml"))
        let revisions = manifest.deliverables.prefix(5).map { $0.request(for: .model)?.revision.description }
        #expect(revisions == ["8331234", "1e10", "2024", "on", "0012345"])
        let launch = try #require(manifest.deliverables.last?.launch)
        #expect(launch.command == ["serve", "8080", "1.50", "yes", "0x10"])
        #expect(launch.environment == [.init("FLAG", "yes"), .init("PORT", "8080")])
        let quoted = try Manifest.parse(
            "model: {repo: gpt2, revision: \"null\", tokenizer_revision: '~1'}".replacing("~1", with: "on"))
        #expect(quoted.deliverables[0].request(for: .model)?.revision.description == "null")
    }

    @Test(arguments: Samples.names("valid-", ".yaml"))
    func `sample is read`(_ name: String) throws { _ = try Manifest.parse(try Samples.text(name)) }

    @Test(arguments: Samples.names("invalid-", ".yaml") + Samples.names("refused-", ".yaml"))
    func `sample is refused with the place and the reason`(_ name: String) throws {
        let text = try Samples.text(name)
        let expected = try #require(text.split(separator: "# expect: ").last).dropLast()
        let found = try #require(failure { _ = try Manifest.parse(text) }, "\(name) was accepted")
        #expect(found.code == .manifest)
        #expect(found.message.hasPrefix("weighlock.yaml:" + expected), "\(found)")
    }

    @Test(arguments: [
        ("", "weighlock.yaml is empty"),
        ("# only a comment\n", "weighlock.yaml is empty"),
        ("~\n", "weighlock.yaml is empty"),
        ("- a\n", "the manifest has to be a mapping with `version` and `deliverables`, found a list"),
        ("version: \"1\"\n", "`version` has to be the number 1"),
        ("version: 1.0\n", "format version `1.0` is not known"),
        ("version: 1\nversion: 1\n", "key `version` is there more than once"),
        ("version: 1\n\"version\": 1\n", "key `version` is there more than once"),
        (
            "version: 1\ndeliverables: []\n",
            "`deliverables` has to be a mapping from names to deliverables, found a list"
        ),
        ("version: 1\ndeliverables: {a: ~}\n", "`deliverables.a` has to be a mapping, found nothing"),
        (
            "version: 1\ndeliverables: {a: {model: gpt2}}\n",
            "`deliverables.a.model` has to be a mapping with `repo` and `revision`"
        ),
        ("version: 1\ndeliverables: {a: {model: {}}}\n", "`deliverables.a.model` has no `repo`"),
        (
            "version: 1\ndeliverables: {a: {model: {repo: ~}}}\n",
            "`deliverables.a.model.repo` has to be a repository's name, found nothing"
        ),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x, revision: }}}\n",
            "has to be a branch, tag or commit, found nothing"
        ),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x, revision: [v]}}}\n",
            "has to be a branch, tag or commit, found a list"
        ),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x, include: [~]}}}\n",
            "has to be a file pattern, found nothing"
        ),
        ("version: 1\ndeliverables: {a: {model: {repo: x, include: ['']}}}\n", "a file pattern must have"),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x, origin: 's3://b'}}}\n",
            "`origin` cannot stand beside `repo`"
        ),
        ("version: 1\ndeliverables: {a: {model: {origin: 'ftp://b'}}}\n", "has to be one of `s3://…`"),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x}, launch: {}}}\n",
            "it has neither `command` nor `env` nor `files`"
        ),
        ("version: 1\ndeliverables: {a: {model: {repo: x}, launch: {command: []}}}\n", "is empty"),
        ("version: 1\ndeliverables: {a: {model: {repo: x}, launch: {env: {1A: x}}}}\n", "`1A` cannot name a variable"),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x}, launch: {env: {A: ~}}}}\n",
            "has to be a text, found nothing"
        ),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x}, launch: {command: [\"a\\u0001\"]}}}\n",
            "contains a control character"
        ),
        (
            "version: 1\ndeliverables: {a: {model: {repo: x}, launch: {files: [b, a, b]}}}\n",
            "the file `b` is there twice"
        ),
        ("version: 1\ndeliverables: {a: {model: {repo: x}, prompts: /abs}}\n", "has to be a list of file patterns"),
        ("version: 1\ndeliverables: {a: {model: {repo: x}, variants: {b: {modell: {}}}}}\n", "unknown key `modell`"),
        ("version: 1\ndeliverables: {a: {model: {repo: !Thing x}}}\n", "tags are not read"),
        ("version: 1\ndeliverables: {a: {model: !!map {repo: x, revision: !!binary aGk=}}}\n", "tags are not read"),
        ("version: 1\ndeliverables: {? [a] : {model: {repo: x}}}\n", "a key has to be a text, found a list"),
        ("version: 1\n<<: {deliverables: {}}\n", "unknown key `<<`"),
        ("version: 1\nendpoint: https://user:pw@hub.example\n", "`endpoint` has to be an http or https URL"),
        ("version: 1\npolicy: {cooldown: -7d}\n", "`policy.cooldown` has to be whole days"),
        ("version: 1\npolicy: {cooldown: 99999999999999999999d}\n", "`policy.cooldown` has to be whole days"),
        ("version: 1\npolicy: {remote_code: allow}\n", "`policy.remote_code` has to be one of `deny`, `review`"),
        ("model: {repo: gpt2, foo: 1}\n", "unknown key `foo` in `model`"),
        ("version: 1\n\u{1}: 2\n", "not YAML"),
        ("version: 1\nk: 'a\n", "not YAML"),
    ])
    func `is refused`(_ text: String, _ expected: String) throws {
        let found = try #require(failure { _ = try Manifest.parse(text) }, "accepted: \(text)")
        #expect(found.code == .manifest)
        #expect(found.message.contains(expected), "\(found)")
    }

    @Test func `names the nearest key and shows the place`() throws {
        let text = "version: 1\ndeliverables:\n  chat:\n    model: {repo: gpt2, revison: main}\n"
        let found = try #require(failure { _ = try Manifest.parse(text, file: "dir/my.yaml") })
        #expect(found.message == "dir/my.yaml:4:25: unknown key `revison` in `deliverables.chat.model`")
        #expect(found.hint?.hasPrefix("did you mean `revision`?") == true)
        #expect(found.details == ["    model: {repo: gpt2, revison: main}", String(repeating: " ", count: 24) + "^"])
    }

    @Test(arguments: [
        "env: {MY_TOKEN: abc123}", "env: {my_api_key: abc123}", "env: {DB_PASSWORD: abc123}",
        "env: {CLIENT_Secret: abc123}",
        "env: {X: hf_abc123}", "command: [a, hf_abc123abcdefghijklmnop]",
        "command: [a, '--token=hf_abc123abcdefghijklmnop']",
    ])
    func `with a secret is refused without repeating it`(_ launch: String) throws {
        let text = "version: 1\ndeliverables: {a: {model: {repo: x}, launch: {\(launch)}}}\n"
        let found = try #require(failure { _ = try Manifest.parse(text) })
        #expect(found.message.contains("looks like a secret"))
        #expect(!found.description.contains("abc123"))
    }

    @Test func `is read at each limit and refused one above`() throws {
        let base = "version: 1\ndeliverables: {}\n"
        let full = base + "#" + String(repeating: "x", count: YAMLText.maximumSize - base.utf8.count - 2) + "\n"
        #expect(full.utf8.count == YAMLText.maximumSize)
        _ = try Manifest.parse(full)
        #expect(failure { _ = try Manifest.parse(full + "\n") }?.message.contains("too large") == true)

        func deliverables(_ count: Int) -> String {
            "version: 1\ndeliverables:\n" + (0..<count).map { "  d\($0): {model: {repo: x}}\n" }.joined()
        }
        #expect(
            try Manifest.parse(deliverables(ManifestReader.maximumDeliverables)).deliverables.count
                == ManifestReader.maximumDeliverables)
        #expect(failure { _ = try Manifest.parse(deliverables(ManifestReader.maximumDeliverables + 1)) } != nil)

        func patterns(_ count: Int) -> String {
            "model: {repo: x, include: [" + (0..<count).map { "p\($0)" }.joined(separator: ",") + "]}"
        }
        _ = try Manifest.parse(patterns(ManifestReader.maximumListLength))
        #expect(
            failure { _ = try Manifest.parse(patterns(ManifestReader.maximumListLength + 1)) }?.message.contains(
                "at most") == true)
    }

    @Test(arguments: [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")])
    func `that is nested too deep is refused`(_ open: String, _ close: String) {
        for depth in [YAMLText.maximumDepth + 1, 900, 5000, 100_000] {
            let text = String(repeating: open, count: depth) + "x" + String(repeating: close, count: depth)
            #expect(failure { _ = try Manifest.parse(text) }?.code == .manifest)
        }
    }

    @Test func `with too many nodes is refused`() {
        let text = "version: [" + String(repeating: "a,", count: YAMLText.maximumNodes) + "]"
        #expect(
            failure { _ = try Manifest.parse(text) }?.message.contains("more than \(YAMLText.maximumNodes) values")
                == true)
    }

    @Test(arguments: [
        "a: &x 1\nb: *x", "a: \"# \", b: [&x 1, *x]", "a: \"q\n  # \", b: [&x 1, *x]", "# c\u{85}a: &x 1\nb: *x",
        "{a:&x 1, \"b\":*x}", "? &x a\n: *x", "- &x\n- *x", "a: 'it' # ' &x 1\nb: *x",
    ])
    func `scan for aliases never misses one`(_ text: String) { #expect(YAMLText.aliasLine(Array(text.utf8)) != nil) }

    @Test(arguments: [
        "include: [\"*.json\", \"*safetensors\"]", "command: [sh, -c, \"a && b & c\"]  # with *stars and &ands",
        "a: R&D\nb: 2*x",
    ])
    func `scan for aliases lets ordinary texts pass`(_ text: String) {
        #expect(YAMLText.aliasLine(Array(text.utf8)) == nil)
    }

    @Test func `exponential aliases are refused at once`() {
        var text = "a0: &a0 x\n"
        for level in 1...40 { text += "a\(level): &a\(level) {? [*a\(level - 1), *a\(level - 1)] : 1}\n" }
        #expect(failure { _ = try Manifest.parse(text) }?.message.contains("aliases") == true)
    }

    @Test func `damaged at random never traps and only throws its own failure`() throws {
        let seed: UInt64 = 20_260_301
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let originals = try Samples.names("valid-", ".yaml").map { Array(try Samples.text($0).utf8) }
        let alphabet = Array("{}[]:,-?&*#|>'\"%@`!~ \n\tx1\u{7f}".utf8)
        for _ in 0..<2000 {
            var bytes = try #require(originals.randomElement(using: &generator))
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
                default: bytes.remove(at: index)
                }
            }
            do {
                _ = try Manifest.parse(String(decoding: bytes, as: UTF8.self))
            } catch {
                #expect(error.code == .manifest)
            }
        }
    }
}
