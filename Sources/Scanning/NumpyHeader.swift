// SPDX-License-Identifier: Apache-2.0

/// The header of a numpy array, as numpy writes it: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct NumpyHeader: Sendable, Hashable {
    /// Whether elements are Python objects, wholly or in a field.
    let hasObjects: Bool
    /// How many bytes the array has; nil for structured elements.
    let byteCount: UInt64?

    /// Reads the text; nil when it is anything else than a literal with the three keys.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        // Only what a literal needs: no call, no operator, no name but the three words.
        let allowed = Set("{}()[]',:<>|=. \n\"_-+".utf8)
        guard
            bytes.allSatisfy({ byte in
                allowed.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || byte >= 0x80
            }), let descr = NumpyHeader.value(of: "descr", in: text),
            NumpyHeader.value(of: "fortran_order", in: text) != nil,
            let shape = NumpyHeader.value(of: "shape", in: text)
        else { return nil }
        // Of a key that is given twice, Python keeps the last; numpy writes none twice, and no negative length.
        guard ["descr", "fortran_order", "shape"].allSatisfy({ NumpyHeader.count(of: $0, in: text) == 1 }),
            !shape.contains("-")
        else { return nil }
        let element = descr.utf8
        guard element.first == UInt8(ascii: "'") || element.first == UInt8(ascii: "\"") else {
            guard let first = element.first, "[({".utf8.contains(first) else { return nil }
            // A structured type: any element code `O` in it means objects.
            hasObjects = NumpyHeader.strings(in: descr).contains { $0.contains("O") && NumpyHeader.isTypeCode($0) }
            byteCount = nil
            return
        }
        guard let code = NumpyHeader.strings(in: descr).first, NumpyHeader.isTypeCode(code) else { return nil }
        hasObjects = code.contains("O")
        var count = NumpyHeader.itemSize(code)
        for part in shape.utf8.split(whereSeparator: { !(0x30...0x39).contains($0) }) {
            guard let factor = UInt64(String(decoding: part, as: UTF8.self)) else { return nil }
            // Objects have no size in the header.
            guard let current = count else { continue }
            let (product, overflow) = current.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            count = product
        }
        byteCount = count
    }

    /// The text of a key's value: up to the comma or brace that ends it.
    private static func value(of key: String, in text: String) -> Substring? {
        for quote in ["'", "\""] {
            guard let range = text.firstRange(of: "\(quote)\(key)\(quote):") else { continue }
            let rest = text[range.upperBound...].drop { $0 == " " }
            var depth = 0
            var inside: Character?
            for index in rest.indices {
                let character = rest[index]
                if let open = inside {
                    if character == open { inside = nil }
                    continue
                }
                switch character {
                case "'", "\"": inside = character
                case "(", "[": depth += 1
                case ")", "]": depth -= 1
                case ",", "}": if depth == 0 { return rest[..<index] }
                default: break
                }
            }
            return rest
        }
        return nil
    }

    /// How often a key is given.
    private static func count(of key: String, in text: String) -> Int {
        ["'", "\""].reduce(0) { $0 + text.ranges(of: "\($1)\(key)\($1)").count }
    }

    private static func strings(in text: Substring) -> [String] {
        var found: [String] = []
        var current: String?
        for character in text {
            if character == "'" || character == "\"" {
                if let text = current {
                    found.append(text)
                    current = nil
                } else {
                    current = ""
                }
            } else {
                current?.append(character)
            }
        }
        return found
    }

    /// `<f4`, `|O`, `<U12`, `<M8[ns]`; a field's name is none.
    private static func isTypeCode(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let rest = bytes.first.map { Set("<>|=".utf8).contains($0) } == true ? bytes.dropFirst() : bytes[...]
        guard let letter = rest.first, Set("?bBhHiIlLqQefdgFDGOSaUVMmcu".utf8).contains(letter) else { return false }
        return rest.dropFirst().allSatisfy { (0x30...0x39).contains($0) || Set("[]nsumhDWMYpfa/".utf8).contains($0) }
    }

    private static func itemSize(_ code: String) -> UInt64? {
        let bytes = Array(code.utf8)
        let rest = bytes.first.map { Set("<>|=".utf8).contains($0) } == true ? bytes.dropFirst() : bytes[...]
        let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
        guard let letter = rest.first, let size = UInt64(String(decoding: digits, as: UTF8.self)) else { return nil }
        return letter == UInt8(ascii: "U") ? (size <= UInt64.max / 4 ? size * 4 : nil) : size
    }
}
