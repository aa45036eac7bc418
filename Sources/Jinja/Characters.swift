// SPDX-License-Identifier: Apache-2.0

/// Python's classes of characters.
enum Characters {
    /// `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// `\w` of the regular expressions.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            switch UInt8(scalar.value) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                return true
            default: return false
            }
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            return true
        default: return scalar.properties.isXIDContinue
        }
    }

    /// Whether a name may begin with it.
    static func isNameStart(_ scalar: Unicode.Scalar) -> Bool { scalar == "_" || scalar.properties.isXIDStart }

    /// The text without white space at its begin, its end, or both.
    static func strip(
        _ text: String, left: Bool = true, right: Bool = true, of set: Set<Unicode.Scalar>? = nil
    )
        -> String
    {
        var view = text.unicodeScalars[...]
        func drops(_ scalar: Unicode.Scalar) -> Bool { set.map { $0.contains(scalar) } ?? isSpace(scalar) }
        if left { view = view.drop { drops($0) } }
        if right { while let last = view.last, drops(last) { view.removeLast() } }
        return String(view)
    }
}
