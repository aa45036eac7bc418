// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A value that nobody wrote down and everybody depends on, with the place it came from.
package struct EffectiveDefault: Hashable, Sendable {
    /// What it is, by the list in `docs/formats/lock.md`: `dtype`, `context-length`, `temperature`, …
    package let name: String
    /// The value. Numbers that are whole are integers, object keys are in byte order and unique.
    package let value: JSONValue
    /// The file, with the role in front when it is not the model's.
    package let file: RelativePath
    /// The key in the file, with dots between levels; nil when the file as a whole is meant.
    package let key: String?

    /// Creates a default; brings the value into the form that survives writing and reading.
    package init(name: String, value: JSONValue, file: RelativePath, key: String?) {
        self.name = name
        self.value = EffectiveDefault.normalised(value)
        self.file = file
        self.key = key
    }

    /// The order in the lock: by name, file, key and value.
    static func precedes(_ a: EffectiveDefault, _ b: EffectiveDefault) -> Bool {
        let (one, two) = (a.key ?? "", b.key ?? "")
        if !a.name.utf8.elementsEqual(b.name.utf8) { return a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }
        if a.file != b.file { return a.file < b.file }
        if !one.utf8.elementsEqual(two.utf8) { return one.utf8.lexicographicallyPrecedes(two.utf8) }
        return a.value.text(.compact).utf8.lexicographicallyPrecedes(b.value.text(.compact).utf8)
    }

    private static func normalised(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let number):
            // A JSON reader may take `1.0` and `1` for the same: only one of them may be written.
            if let whole = Int64(exactly: number) { return .integer(whole) }
            return number.isFinite ? value : .null
        case .array(let items): return .array(items.map(normalised))
        case .object(let members):
            var seen: Set<String> = []
            return .object(
                members.filter { seen.insert($0.key).inserted }
                    .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                    .map { JSONValue.Member($0.key, normalised($0.value)) })
        default: return value
        }
    }
}
