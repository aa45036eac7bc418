// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// Reads the effective defaults out of a repository's small files: the list in `docs/formats/lock.md`.
package enum EffectiveDefaults {
    /// The largest file of most kinds that is read, in bytes.
    package static let maximumFileSize = 4 << 20
    /// The largest `tokenizer.json` read, in bytes: of it only small parts count, and the rest is passed over.
    package static let maximumTokenizerSize = 32 << 20
    /// The longest value kept, in bytes of compact JSON; a longer one is replaced by its digest.
    package static let maximumValueSize = 4096
    /// The deepest value kept; a deeper one is replaced by its digest.
    package static let maximumValueDepth = 16
    /// The most entries of one repository; what comes after them in the order of the lock is left out.
    package static let maximumEntries = 1000

    /// Whether the content of the file at `path` of a model or tokenizer repository is needed.
    package static func wants(_ path: RelativePath) -> Bool { DefaultsFile(path) != nil }

    /// The largest file at `path` that is read, in bytes; a larger one gives an `unreadable` entry.
    package static func maximumSize(of path: RelativePath) -> Int {
        DefaultsFile(path)?.maximumSize ?? maximumFileSize
    }

    /// The defaults that the files give, in the order of the lock.
    ///
    /// Never fails: a file that cannot be read gives an entry `unreadable` that says why, and files that are not wanted
    /// give nothing. `role` is the source that the files belong to: it stands in front of the paths, a tokenizer source
    /// gives only what concerns tokens and templates, an adapter only its own settings, other roles but the model nothing.
    package static func extract(
        from files: [(path: RelativePath, content: [UInt8])], role: SourceRole = .model
    ) -> [EffectiveDefault] {
        var reader = DefaultsReader(role: role)
        for file in files.sorted(by: { $0.path < $1.path }) {
            guard let kind = DefaultsFile(file.path), kind.concerns(role) else { continue }
            reader.read(kind, file.path, file.content)
        }
        return Array(reader.finished().sorted(by: EffectiveDefault.precedes).prefix(maximumEntries))
    }
}
