// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `Editing a manifest` {
    private func request(
        _ repository: String, _ revision: String = "main", include: [String] = []
    ) throws -> SourceRequest {
        SourceRequest(
            repository: try RepositoryID(repository), revision: try Revision(revision),
            include: try include.map { try FilePattern($0) })
    }

    @Test func `adds to the template and keeps its comments`() throws {
        let name = try DeliverableName("minilm")
        let template = Manifest.template()
        #expect(try Manifest.parse(template) == Manifest())
        let text = try Manifest.adding(try request("sentence-transformers/all-MiniLM-L6-v2"), as: name, to: template)
        let added = """
            deliverables:
              minilm:
                model:
                  repo: sentence-transformers/all-MiniLM-L6-v2
                  revision: main

            """
        #expect(text == template.replacing("deliverables: {}\n", with: added))
        #expect(try Manifest.removing(name, from: text) == template)
    }

    @Test func `adds after the last entry in the same indentation and keeps everything else`() throws {
        let text = """
            # top
            version: 1   # one
            deliverables:   # what we ship
                # about a
                'a':
                    model: {repo: "x"}   # flow inside
                # about b
                b:
                    model:
                        repo: y
                        # inside b

            # about the policy
            policy:
                pickle: deny

            """
        let edited = try Manifest.adding(
            try request("n/m", "1e10", include: ["*.json", "a\"b\\"]), as: try DeliverableName("123"), to: text)
        let block = """
                        # inside b
                "123":
                    model:
                        repo: n/m
                        revision: "1e10"
                        include: ["*.json", "a\\"b\\\\"]

            """
        #expect(edited == text.replacing("            # inside b\n", with: block))
    }

    @Test func `keeps line ends of Windows and a missing last one`() throws {
        let text = "version: 1\r\ndeliverables:\r\n  a:\r\n    model: {repo: x}"
        let edited = try Manifest.adding(try request("y"), as: try DeliverableName("b"), to: text)
        #expect(
            edited
                == "version: 1\r\ndeliverables:\r\n  a:\r\n    model: {repo: x}\r\n  b:\r\n    model:\r\n      repo: \"y\"\r\n      revision: main\r\n"
        )
    }

    @Test func `adds deliverables where the key is missing or has nothing`() throws {
        for text in [
            "version: 1\n", "version: 1\ndeliverables:\n", "version: 1\ndeliverables:   {}   # none\n",
            "version: 1\ndeliverables: # none\n# end\n",
        ] {
            let edited = try Manifest.adding(try request("n/m"), as: try DeliverableName("a"), to: text)
            #expect(try Manifest.parse(edited).deliverables.map(\.name.description) == ["a"])
        }
    }

    @Test func `refuses a name that exists and a name that does not`() throws {
        let text = "version: 1\ndeliverables:\n  chat: {model: {repo: x}}\n"
        let twice = failure { _ = try Manifest.adding(try request("n/m"), as: try DeliverableName("chat"), to: text) }
        #expect(twice?.message == "weighlock.yaml has a deliverable `chat` already")
        let missing = failure { _ = try Manifest.removing(try DeliverableName("cat"), from: text) }
        #expect(missing?.message == "weighlock.yaml has no deliverable `cat`")
        #expect(missing?.hint == "did you mean `chat`?")
    }

    @Test(arguments: [
        "model: {repo: x}\n", "version: 1\ndeliverables: {a: {model: {repo: x}}}\n", "{version: 1, deliverables: {}}\n",
        "version: 1\n...\n", "---\nversion: 1\n...\n",
    ])
    func `says what to paste where it cannot add for certain`(_ text: String) throws {
        let found = try #require(
            failure { _ = try Manifest.adding(try request("n/m"), as: try DeliverableName("b"), to: text) })
        #expect(found.code == .manifest)
        #expect(found.message.contains("nothing was changed"))
        #expect(found.details == ["  b:", "    model:", "      repo: n/m", "      revision: main"])
    }

    @Test func `removes the entry and leaves what belongs to others`() throws {
        let text = """
            version: 1
            deliverables:
              # about a
              a: {model: {repo: x}}

              # about b
              b:
                model:
                  repo: y
                  # inside b
                image: some:tag

              # about c
              c:
                model: {repo: z}
                image: other:tag
            # end
            policy: {pickle: deny}

            """
        let withoutB = try Manifest.removing(try DeliverableName("b"), from: text)
        #expect(
            withoutB
                == text.replacing("  b:\n    model:\n      repo: y\n      # inside b\n    image: some:tag\n", with: ""))
        let withoutC = try Manifest.removing(try DeliverableName("c"), from: text)
        #expect(withoutC == text.replacing("  c:\n    model: {repo: z}\n    image: other:tag\n", with: ""))
        #expect(
            failure { _ = try Manifest.removing(.shortForm, from: "model: {repo: x}\n") }?.hint?.contains(
                "delete the file") == true)
    }

    @Test func `adding and removing at random always gives what was meant`() throws {
        let seed: UInt64 = 77_001
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<60 {
            var text =
                round % 2 == 0
                ? Manifest.template() : "version: 1\ndeliverables:\n  # first\n  z: {model: {repo: q}}\n\npolicy: {}\n"
            var names: Set<String> = round % 2 == 0 ? [] : ["z"]
            for step in 0..<8 {
                if let victim = names.sorted().randomElement(using: &generator), Bool.random(using: &generator) {
                    text = try Manifest.removing(try DeliverableName(victim), from: text)
                    names.remove(victim)
                } else {
                    let name =
                        ["n\(step)", "1e\(step)", "true", "0x\(step)", "null"].randomElement(using: &generator) ?? "n"
                    guard names.insert(name).inserted else { continue }
                    text = try Manifest.adding(
                        try request("org/model", "v\(step)"), as: try DeliverableName(name), to: text)
                }
                #expect(Set(try Manifest.parse(text).deliverables.map(\.name.description)) == names)
            }
        }
    }
}
