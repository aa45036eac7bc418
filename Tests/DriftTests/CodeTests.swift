// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Drift

@Suite struct `Comparing code` {
    private static let code = """
        # Copyright
        import torch


        class Attention(torch.nn.Module):
            \"\"\"Looks back.\"\"\"

            def __init__(self, size=8):
                super().__init__()  # the parent
                self.scale = (size
                              ** -0.5)

            @property
            def width(self):
                return 'a # b'

        def build(x, *,
                  y=1):
            return x + y
        """

    private static func changed(_ from: String, _ to: String) -> String {
        code.replacingOccurrence(of: from, with: to)
    }

    @Test(arguments: [
        ("# Copyright", "# Other"), ("Looks back.", "Looks at\n    everything."), ("  # the parent", ""),
        ("torch\n", "torch  \n\n"),
        ("(size\n                      ** -0.5)", "(size ** -0.5)"), ("x + y", "x  +  y"),
        ("import torch", "# a\n\nimport torch"),
    ])
    func `comments, documentation and white space are no change`(_ from: String, _ to: String) async throws {
        let other = Self.changed(from, to)
        #expect(other != Self.code)
        let report = try await drift(["modeling.py": Self.code], ["modeling.py": other])
        #expect(
            report.lines == ["code-comments-only cosmetic modeling.py"]
                || report.lines == ["format-only cosmetic modeling.py"])
    }

    @Test(arguments: [
        ("-0.5", "-0.25", "Attention.__init__ changed"), ("'a # b'", "'a # c'", "Attention.width changed"),
        ("@property", "@cached", "Attention.width changed"), ("y=1", "y=2", "build changed"),
        ("import torch", "import numpy", "<module> changed"), ("def build", "def make", "make added, build removed"),
        ("class Attention(torch.nn.Module)", "class Attention(object)", "Attention changed"),
        ("    return x + y", "return x + y", "build changed, <module> changed"),
    ])
    func `a change is found in its function`(_ from: String, _ to: String, _ expected: String) async throws {
        let report = try await drift(["modeling.py": Self.code], ["modeling.py": Self.changed(from, to)])
        guard case .symbols(let symbols)? = report.changes.first?.evidence else {
            Issue.record("no symbols: \(report.lines)")
            return
        }
        let shown = Set(symbols.map { "\($0.name) \($0.kind.rawValue)" })
        #expect(shown == Set(expected.split(separator: ", ").map(String.init)))
        #expect(report.changes.first?.severity == .behaviour && report.changes.first?.rule == "code-changed")
    }

    @Test func `another order of the same functions is a change`() {
        let differences = PythonOutline.differences(
            PythonOutline("def a(): pass\ndef b(): pass\n"), PythonOutline("def b(): pass\ndef a(): pass\n"))
        #expect(differences.map(\.name) == ["<module>"])
    }

    @Test func `the line of a symbol is that of the new file`() {
        let found = PythonOutline.differences(
            PythonOutline("x = 1\n"), PythonOutline("x = '''a\nb'''\n\n\ndef f():\n  pass\n"))
        #expect(found.first { $0.name == "f" }?.line == 5)
    }

    @Test func `packages are compared by name`() async throws {
        let report = try await drift(
            ["requirements.txt": "torch==2.0\n# a\nNumpy>=1 # b\nold\n"],
            ["requirements.txt": "numpy >=1\nnew\ntorch==2.1\n"])
        guard case .names(let added, let removed, let changed)? = report.changes.last?.evidence else {
            Issue.record("no names")
            return
        }
        #expect(added == ["new"] && removed == ["old"] && changed.isEmpty)
        #expect(
            report.lines == [
                "packages-changed behaviour requirements.txt:torch", "packages-changed behaviour requirements.txt",
            ])
        let same = try await drift(["requirements.txt": "a\nb\n"], ["requirements.txt": "b\na # x\n"])
        #expect(same.lines == ["format-only cosmetic requirements.txt"])
    }

    @Test func `a script's line ends are no format`() async throws {
        #expect(
            try await drift(["start.sh": "#!/bin/sh\n"], ["start.sh": "#!/bin/sh\r\n"]).lines == [
                "code-changed behaviour start.sh"
            ])
    }
}

extension String {
    fileprivate func replacingOccurrence(of text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return replacingCharacters(in: range, with: other)
    }

    private func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
