// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The fields of a query or of a form body: `a=1&b=2`, where names may repeat.
struct FormFields {
    private(set) var fields: [(name: String, value: String)] = []

    /// How many fields a query or form may have: the clients send at most 500 paths at once, a Hub takes 1000.
    static let maximumFields = 1100

    /// Splits and decodes; `+` stands for a space.
    init(_ text: String) throws(Refusal) {
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard fields.count < FormFields.maximumFields else {
                throw .badRequest("there are more than \(FormFields.maximumFields) fields")
            }
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormFields.decode(pair[0]),
                let value = FormFields.decode(pair.count > 1 ? pair[1] : Substring("").utf8)
            else {
                throw .badRequest("a field has a `%` escape that is malformed or not UTF-8")
            }
            fields.append((name, value))
        }
    }

    private static func decode(_ text: Substring.UTF8View) -> String? {
        PercentEncoding.unquote(String(decoding: text.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }, as: UTF8.self))
    }

    /// The last value called `name`.
    subscript(_ name: String) -> String? { fields.last { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    /// All values called `name` or `name[]`, which is how some clients write a list.
    func all(_ name: String) -> [String] {
        fields.filter { $0.name.utf8.elementsEqual(name.utf8) || $0.name.utf8.elementsEqual((name + "[]").utf8) }.map(
            \.value)
    }

    /// Reads `true`, `True`, `1` and their opposites; absent or empty is false. The clients write all of them.
    func flag(_ name: String) throws(Refusal) -> Bool {
        switch self[name]?.lowercased() {
        case nil, "", "false", "0": return false
        case "true", "1": return true
        case let other?: throw .badRequest("`\(name)` must be `true` or `false`, not `\(other)`")
        }
    }

    /// Reads a number of at most seven digits from `range`; absent is nil.
    func number(_ name: String, in range: ClosedRange<Int>) throws(Refusal) -> Int? {
        guard let text = self[name] else { return nil }
        guard (1...7).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text),
            range.contains(number)
        else { throw .badRequest("`\(name)` must be a number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    /// The fields as a query, without those called `name`.
    func query(without name: String) -> [String] {
        fields.filter { $0.name != name }.map { PercentEncoding.quote($0.name) + "=" + PercentEncoding.quote($0.value) }
    }
}
