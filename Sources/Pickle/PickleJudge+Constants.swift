// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Constants that are themselves pickles: plain, or as base64 or hexadecimal text.
extension PickleJudge {
    /// The shortest pickle that does something is longer.
    private static let shortest: UInt64 = 8

    mutating func judgeConstants() throws(ByteError) {
        // All constants together may cost as much as one of the longest.
        var budget = UInt64(clamping: options.limits.nestedBytes)
        for entry in graph.data where entry.count >= Self.shortest {
            let head: ArraySlice<UInt8>
            if entry.isPooled {
                head = graph.pool[Int(entry.place)..<Int(entry.place) + Int(min(8, entry.count))]
            } else {
                head = try graph.source.bytes(at: entry.place, count: 8)[...]
            }
            guard let form = Form(head: head) else { continue }
            guard depth < options.limits.nesting, entry.count <= budget else {
                // Text that begins like text in base64 is common; this is not.
                if head.first == 0x80 {
                    add(
                        PickleFinding(
                            .nested, at: entry.origin, verdict: .unscannable,
                            "holds a constant that begins like a pickle and is too long or too deep to be read"))
                }
                continue
            }
            let bytes: [UInt8]
            if entry.isPooled {
                bytes = Array(graph.pool[Int(entry.place)..<Int(entry.place) + Int(entry.count)])
            } else {
                bytes = try graph.source.bytes(at: entry.place, count: Int(entry.count))
            }
            guard let inner = form.decode(bytes) else { continue }
            budget -= entry.count
            try judgeConstant(inner, form, at: entry.origin)
        }
    }

    private mutating func judgeConstant(_ bytes: [UInt8], _ form: Form, at place: UInt64) throws(ByteError) {
        let report = try Pickle.scan(MemorySource(bytes), options: options, context: PickleContext(), depth: depth + 1)
        let isBad = report.verdict == .malicious && !report.imports.isEmpty
        // Text is only taken for a pickle of protocol 0 when it imports something.
        guard isBad || (report.streams > 0 && (bytes.first == 0x80 || !report.imports.isEmpty)) else { return }
        var inner = report.verdict
        if inner == .unscannable, report.imports.isEmpty { inner = .review }
        let reason = report.findings.max { $0.verdict < $1.verdict }?.reason
        add(
            PickleFinding(
                .nested, at: place, verdict: max(.review, inner),
                "holds a pickle\(form.words) as a constant" + (reason.map { ", which \($0)" } ?? "")))
    }

    /// How a pickle may stand in a constant.
    enum Form {
        case plain, base64, hexadecimal

        var words: String {
            switch self {
            case .plain: ""
            case .base64: " in base64"
            case .hexadecimal: " in hexadecimal"
            }
        }

        /// Guesses from the first eight bytes, before the others are looked at.
        init?(head: ArraySlice<UInt8>) {
            guard head.count == 8 else { return nil }
            switch (head[head.startIndex], head[head.startIndex + 1]) {
            case (0x80, 2...5): self = .plain
            case (UInt8(ascii: "c"), 0x5F...0x7A), (UInt8(ascii: "("), 0x42...0x7D), (UInt8(ascii: "c"), 0x41...0x5A):
                self = .plain
            // 80 02 to 80 05; and `c` or `(` with a letter behind.
            case (UInt8(ascii: "g"), UInt8(ascii: "A")), (UInt8(ascii: "Y"), 0x30...0x7A),
                (UInt8(ascii: "K"), 0x41...0x5A):
                self = .base64
            case (UInt8(ascii: "8"), UInt8(ascii: "0")), (UInt8(ascii: "6"), UInt8(ascii: "3")),
                (UInt8(ascii: "2"), UInt8(ascii: "8")):
                self = .hexadecimal
            default: return nil
            }
        }

        func decode(_ bytes: [UInt8]) -> [UInt8]? {
            switch self {
            case .plain:
                if bytes[0] == 0x80 { return bytes }
                return bytes.last == 0x2E && bytes.contains(0x0A) ? bytes : nil
            case .base64, .hexadecimal:
                guard bytes.count >= 16, let inner = self == .base64 ? Self.base64(bytes) : Self.hexadecimal(bytes),
                    inner.count >= 8
                else { return nil }
                if inner[0] == 0x80, inner[1] >= 2, inner[1] <= 5 { return inner }
                return inner.last == 0x2E && inner.contains(0x0A) ? inner : nil
            }
        }

        private static func base64(_ bytes: [UInt8]) -> [UInt8]? {
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count / 4 * 3)
            var (bits, count) = (UInt32(0), 0)
            for byte in bytes {
                let value: UInt8
                switch byte {
                case 0x41...0x5A: value = byte - 0x41
                case 0x61...0x7A: value = byte - 0x61 + 26
                case 0x30...0x39: value = byte - 0x30 + 52
                case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
                case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
                case UInt8(ascii: "="), 0x0A, 0x0D: continue
                default: return nil
                }
                bits = bits << 6 | UInt32(value)
                count += 6
                if count >= 8 {
                    count -= 8
                    result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                }
            }
            return result
        }

        private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8]? {
            guard bytes.count % 2 == 0 else { return nil }
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count / 2)
            var high: UInt8?
            for byte in bytes {
                let value: UInt8
                switch byte {
                case 0x30...0x39: value = byte - 0x30
                case 0x41...0x46: value = byte - 0x41 + 10
                case 0x61...0x66: value = byte - 0x61 + 10
                default: return nil
                }
                if let first = high {
                    result.append(first << 4 | value)
                    high = nil
                } else {
                    high = value
                }
            }
            return result
        }
    }
}
