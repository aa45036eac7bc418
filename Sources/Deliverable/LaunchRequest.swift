// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// How the deliverable is started: part of what it is.
package struct LaunchRequest: Hashable, Sendable {
    /// An environment variable.
    package struct Variable: Hashable, Sendable {
        /// Its name: `[A-Za-z_][A-Za-z0-9_]*`.
        package let name: String
        /// Its value.
        package let value: String
        /// Creates a variable.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The program and its arguments; placeholders such as `{model}` are kept as written. Empty when there is none.
    package let command: [String]
    /// The variables, sorted by the bytes of their names.
    package let environment: [Variable]
    /// The project's files that belong to the start, sorted, relative to the manifest.
    package let files: [RelativePath]

    /// The path under which the command and the environment stand in the listing of the `launch` component: what
    /// `sha256sum` prints for its standard input. No launch file may have this name.
    package static let listingPath = "-"
    /// The most arguments of a command.
    package static let maximumArguments = 1024
    /// The most variables, and the most files.
    package static let maximumEntries = 256

    /// Creates a request; sorts variables and files.
    package init(command: [String], environment: [Variable] = [], files: [RelativePath] = []) {
        self.command = command
        self.environment = environment.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.files = files.sorted()
    }

    /// The JSON text whose digest stands for the command and the environment in the identity.
    package var canonicalText: String {
        let variables = environment.map { JSONValue.Member($0.name, .string($0.value)) }
        return JSONValue.object([
            .init("command", .array(command.map { .string($0) })), .init("env", .object(variables)),
        ]).text(.compact)
    }

    /// Byte equality of every text: `String` would call two spellings of `é` equal, and they start different things.
    package static func == (left: LaunchRequest, right: LaunchRequest) -> Bool {
        left.canonicalText.utf8.elementsEqual(right.canonicalText.utf8) && left.files == right.files
    }

    /// Hashes the bytes.
    package func hash(into hasher: inout Hasher) {
        for byte in canonicalText.utf8 { hasher.combine(byte) }
        hasher.combine(files)
    }

    /// Says what is wrong with the values, or nil: names of variables, control characters, doubles, and the name `-`.
    var defect: String? {
        if command.isEmpty, environment.isEmpty, files.isEmpty {
            return "it has neither `command` nor `env` nor `files`"
        }
        if command.count > Self.maximumArguments {
            return "the command has more than \(Self.maximumArguments) arguments"
        }
        if environment.count > Self.maximumEntries || files.count > Self.maximumEntries {
            return "there are more than \(Self.maximumEntries) variables or files"
        }
        if command.first?.isEmpty == true { return "the command begins with an empty text" }
        for text in command + environment.map(\.value) where LaunchRequest.hasForbiddenControl(text) {
            return "a text contains a control character"
        }
        for variable in environment where !LaunchRequest.isVariableName(variable.name) {
            return "`\(Escaped(variable.name))` cannot name a variable"
        }
        for (one, next) in zip(environment, environment.dropFirst()) where one.name == next.name {
            return "the variable `\(one.name)` is there twice"
        }
        for (one, next) in zip(files, files.dropFirst()) where one == next {
            return "the file `\(Escaped(one.description))` is there twice"
        }
        return files.contains { $0.description == LaunchRequest.listingPath }
            ? "a launch file cannot be called `-`" : nil
    }

    /// Whether `text` can name an environment variable.
    static func isVariableName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// Whether `text` has a control character other than a tab or a line end.
    static func hasForbiddenControl(_ text: String) -> Bool {
        text.utf8.contains { ($0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D) || $0 == 0x7F }
    }
}
