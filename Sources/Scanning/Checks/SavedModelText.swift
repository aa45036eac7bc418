// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Looks at a TensorFlow graph in the text form of protobuf, which TensorFlow reads where there is no `saved_model.pb`.
enum SavedModelText {
    /// Checks the value of every field `op`; what is around it is not asked.
    ///
    /// - Throws: only `absent` and `unreadable`.
    static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.textBytes, at: place, into: &findings) else {
            return
        }
        var index = 0
        var line = 1
        var word: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x0A { line += 1 }
            if byte == UInt8(ascii: "#") {
                while index < bytes.count, bytes[index] != 0x0A { index += 1 }
                continue
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                let value = text(bytes, &index)
                // Texts side by side are one.
                if word.elementsEqual("op".utf8) { judge(joined(value, bytes, &index), place.line(line), &findings) }
                word = []
                continue
            }
            if isWord(byte) {
                let start = index
                while index < bytes.count, isWord(bytes[index]) { index += 1 }
                word = Array(bytes[start..<index])
                continue
            }
            if byte != UInt8(ascii: ":"), byte > 0x20 { word = [] }
            index += 1
        }
    }

    private static func judge(_ operation: [UInt8], _ place: ScanPlace, _ findings: inout ScanFindings) {
        let name = String(decoding: operation, as: UTF8.self)
        guard let rule = SavedModelCheck.rule(for: name) else { return }
        findings.add(rule, place, "the operation \(CheckText.quoted(name)) is used", name: name)
    }

    private static func joined(_ first: [UInt8], _ bytes: [UInt8], _ index: inout Int) -> [UInt8] {
        var value = first
        while let next = bytes[index...].firstIndex(where: { $0 > 0x20 }),
            bytes[next] == UInt8(ascii: "\"") || bytes[next] == UInt8(ascii: "'")
        {
            index = next
            value += text(bytes, &index)
        }
        return value
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte == 0x5F || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    /// The text between quotes, `index` at the first of them; escapes by number are read.
    private static func text(_ bytes: [UInt8], _ index: inout Int) -> [UInt8] {
        let quote = bytes[index]
        index += 1
        var value: [UInt8] = []
        while index < bytes.count, bytes[index] != quote, bytes[index] != 0x0A {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                value.append(bytes[index])
                index += 1
                continue
            }
            index += 1
            let isHex = bytes[index] | 0x20 == UInt8(ascii: "x")
            if isHex { index += 1 }
            let digits = bytes[index...].prefix(isHex ? 2 : 3).prefix { byte in
                let value = Character(Unicode.Scalar(byte)).hexDigitValue
                return value.map { $0 < (isHex ? 16 : 8) } ?? false
            }
            if digits.isEmpty {
                if index < bytes.count { value.append(bytes[index]) }
                index += 1
            } else {
                let number = Int(String(decoding: digits, as: UTF8.self), radix: isHex ? 16 : 8) ?? 0
                value.append(UInt8(truncatingIfNeeded: number))
                index += digits.count
            }
        }
        if index < bytes.count, bytes[index] == quote { index += 1 }
        return value
    }
}
