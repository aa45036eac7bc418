// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The arguments of a command by flag: the order of flags says nothing, that of the others does.
struct ArgumentList {
    /// What stands in front of the first flag: the program, its command and what it acts on.
    let words: [String]
    /// The values of each flag, with the flag as it is compared: `--max_model_len` is `--max-model-len`. A flag that is
    /// given more than once has the values of all places.
    let flags: [String: [String]]

    init(_ command: [String]) {
        var words: [String] = []
        var flags: [String: [String]] = [:]
        var current: String?
        var isOver = false
        for argument in command {
            if isOver || !ArgumentList.isFlag(argument) {
                if let current, !isOver { flags[current, default: []].append(argument) } else { words.append(argument) }
                continue
            }
            if argument == "--" {
                isOver = true
                current = nil
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = LaunchFlags.plain(String(parts[0]))
            flags[name, default: []] += parts.count > 1 ? [String(parts[1])] : []
            current = parts.count > 1 ? nil : name
        }
        self.words = words
        self.flags = flags
    }

    /// Whether it begins with a dash and is no negative number.
    private static func isFlag(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(2))
        guard bytes.count == 2, bytes[0] == UInt8(ascii: "-") else { return false }
        return !(0x30...0x39).contains(bytes[1]) && bytes[1] != UInt8(ascii: ".")
    }
}
