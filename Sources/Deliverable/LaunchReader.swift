// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Reads `launch` of a manifest and refuses what looks like a secret, since the lock is public.
enum LaunchReader {
    /// How many letters or digits after `hf_` make a text look like a token (real ones have 34).
    static let tokenLength = 20

    static func launch(_ node: ManifestNode) throws(Failure) -> LaunchRequest {
        let fields = try node.fields(ManifestKeys.launch)
        var command: [String] = []
        if let node = fields["command"] {
            for item in try node.items("texts", limit: LaunchRequest.maximumArguments) {
                let text = try item.text()
                if hasToken(text) {
                    throw secret(
                        item, "the argument", hint: "pass the token through the environment of the program instead")
                }
                command.append(text)
            }
            if command.isEmpty {
                throw node.failure("`\(node.path)` is empty", hint: "leave the key out, or write `[program, argument]`")
            }
        }
        var environment: [LaunchRequest.Variable] = []
        if let node = fields["env"] {
            for member in try node.members("a mapping from names to texts") {
                guard LaunchRequest.isVariableName(member.key) else {
                    throw node.yaml.failure(
                        member.keyNode, "`\(Escaped(member.key, limit: 60))` cannot name a variable",
                        hint: "use letters, digits and `_`, not beginning with a digit", showing: false)
                }
                let value = try member.value.text()
                if isSecretName(member.key) || value.hasPrefix("hf_") || hasToken(value) {
                    throw secret(
                        member.value, "the variable `\(member.key)`",
                        hint: "remove it here, and set it where the program runs; the lock is public")
                }
                environment.append(.init(member.key, value))
            }
        }
        var files: [RelativePath] = []
        if let node = fields["files"] {
            for item in try node.items("paths", limit: LaunchRequest.maximumEntries) {
                files.append(try item.relativePath())
            }
        }
        let launch = LaunchRequest(command: command, environment: environment, files: files)
        if let defect = launch.defect { throw node.failure("`\(node.path)` cannot be used: \(defect)", showing: false) }
        return launch
    }

    private static func secret(_ node: ManifestNode, _ what: String, hint: String) -> Failure {
        node.failure("\(what) looks like a secret: it would be written into the lock", hint: hint, showing: false)
    }

    static func isSecretName(_ name: String) -> Bool {
        ["TOKEN", "SECRET", "PASSWORD", "KEY"].contains { name.uppercased().hasSuffix($0) }
    }

    static func hasToken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let mark = Array("hf_".utf8)
        var run = -1  // letters and digits since the last `hf_`, or -1 outside
        for (index, byte) in bytes.enumerated() {
            let isDigitOrLetter =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if run >= 0 {
                run = isDigitOrLetter ? run + 1 : -1
                if run >= tokenLength { return true }
            }
            if index >= 2, bytes[index - 2...index].elementsEqual(mark) { run = 0 }
        }
        return false
    }
}
