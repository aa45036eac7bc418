// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// `weighlock.allow.yaml`: what a person has looked at and accepts, file by file. `docs/formats/allow.md` describes it.
package struct AllowFile: Sendable, Hashable {
    /// What is accepted of one file.
    package struct Entry: Sendable, Hashable {
        /// The digest of the file's bytes: a changed file is another file, and never covered.
        package let sha256: Digest
        /// The rules whose findings are accepted.
        package let rules: [String]
        /// The names (imports, calls, attributes) whose findings are accepted, whatever rule reports them.
        package let names: [String]
        /// Why, in the person's own words; never empty.
        package let reason: String
        /// The last day on which the entry counts, as `2027-01-31`; nil when it has no end.
        package let until: String?
        /// The line of the file that the entry begins on.
        package let line: Int

        /// Whether the entry no longer counts on a day, given as `2027-02-01`.
        package func isExpired(on day: String) -> Bool {
            until.map { $0.utf8.lexicographicallyPrecedes(day.utf8) } ?? false
        }

        /// Whether the entry names a finding of its file.
        package func covers(rule: String, name: String?) -> Bool {
            rules.contains { $0.utf8.elementsEqual(rule.utf8) }
                || name.map { name in names.contains { $0.utf8.elementsEqual(name.utf8) } } ?? false
        }
    }

    /// The name of the file beside the manifest.
    package static let fileName = "weighlock.allow.yaml"
    /// The longest file that is read.
    package static let maximumSize = YAMLText.maximumSize
    /// The most entries.
    static let maximumEntries = 1000
    /// The longest reason, in bytes.
    static let maximumReason = 2000

    /// The entries in the order of the file.
    package let entries: [Entry]

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - file: its name, for messages.
    ///   - rules: the rules that there are; an entry that names another is an error, since it would allow nothing.
    /// - Throws: `Failure` with code `manifest` and the place in the file.
    package static func parse(_ text: String, file: String, rules: [String]) throws(Failure) -> AllowFile {
        let yaml = try YAMLText(text, file: file)
        return AllowFile(entries: try AllowFileReader(yaml: yaml, rules: rules).entries())
    }
}
