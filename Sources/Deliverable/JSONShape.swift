// SPDX-License-Identifier: Apache-2.0

/// Looks over a JSON text before a parser does: how deep it is, and whether an object has a key twice.
///
/// Readers disagree about a key that is there twice (some take the first, some the last), so a text that has one means
/// nothing. What is not JSON passes here and fails in the parser.
enum JSONShape {
    /// The deepest nesting accepted.
    static let maximumDepth = 64

    /// Checks `bytes`; the first defect goes through `failure` and is thrown.
    static func check<Problem: Error>(_ bytes: [UInt8], _ failure: (String) -> Problem) throws(Problem) {
        if let defect = defect(of: bytes) { throw failure(defect.rawValue) }
    }

    enum Defect: String {
        case tooDeep = "too deep"
        case duplicateKey = "duplicate key"
    }

    /// The first defect, or nil. Linear in the size of the text.
    static func defect(of bytes: [UInt8]) -> Defect? {
        var scopes: [Set<[UInt8]>?] = []  // the keys of each open object; nil for an array
        var index = 0
        var expectsKey = false
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard scopes.count < maximumDepth else { return .tooDeep }
                expectsKey = bytes[index] == UInt8(ascii: "{")
                scopes.append(expectsKey ? [] : nil)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                _ = scopes.popLast()
                expectsKey = false
            case UInt8(ascii: ","): expectsKey = scopes.last.map { $0 != nil } ?? false
            case UInt8(ascii: "\""):
                let start = index + 1
                var end = start
                while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
                    end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
                }
                if expectsKey, end <= bytes.count, !scopes.isEmpty {
                    let key = unescaped(bytes[start..<end])
                    if scopes[scopes.count - 1]?.insert(key).inserted == false { return .duplicateKey }
                }
                expectsKey = false
                index = end
            default: break
            }
            index += 1
        }
        return nil
    }

    /// The bytes of a string with escapes resolved; surrogates stay as written, which is enough for comparing.
    private static func unescaped(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        guard raw.contains(UInt8(ascii: "\\")) else { return Array(raw) }
        var out: [UInt8] = []
        var index = raw.startIndex
        while index < raw.endIndex {
            guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.endIndex else {
                out.append(raw[index])
                index += 1
                continue
            }
            let letter = raw[index + 1]
            index += 2
            if letter == UInt8(ascii: "u"), index + 4 <= raw.endIndex,
                let value = UInt32(String(decoding: raw[index..<index + 4], as: UTF8.self), radix: 16)
            {
                if let scalar = UnicodeScalar(value) {
                    out += Array(String(Character(scalar)).utf8)
                } else {
                    out += [UInt8(ascii: "\\"), letter] + raw[index..<index + 4]
                }
                index += 4
            } else {
                let plain: [UInt8: UInt8] = [0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09]
                out.append(plain[letter] ?? letter)
            }
        }
        return out
    }
}
