// SPDX-License-Identifier: Apache-2.0

internal import Safetensors

/// How one tensor name becomes another: some of the parts between the dots are replaced.
struct NameSubstitution: Hashable, Sendable {
    /// How many parts come before those that are replaced.
    let lead: Int
    /// The parts that go, and those that come.
    let from: [[UInt8]]
    let to: [[UInt8]]
    /// Whether parts come behind them.
    let hasTail: Bool

    /// The shortest replacement that makes `new` of `old`; nil when they are equal, or of more parts than any model has.
    init?(_ old: TensorName, _ new: TensorName) {
        let (a, b) = (NameSubstitution.parts(old), NameSubstitution.parts(new))
        guard a != b, a.count <= 256, b.count <= 256 else { return nil }
        var tail = 0
        while tail < min(a.count, b.count), a[a.count - 1 - tail] == b[b.count - 1 - tail] { tail += 1 }
        var lead = 0
        while lead < min(a.count, b.count) - tail, a[lead] == b[lead] { lead += 1 }
        (self.lead, hasTail) = (lead, tail > 0)
        (from, to) = (Array(a[lead..<a.count - tail]), Array(b[lead..<b.count - tail]))
    }

    /// Replaces the first parts of names that have more.
    init(prefix from: [[UInt8]], by to: [[UInt8]]) { (lead, self.from, self.to, hasTail) = (0, from, to, true) }

    /// Whether only the beginning of the name changes: programs that load models know some such prefixes.
    var isPrefix: Bool { lead == 0 && hasTail }

    /// What a name becomes; nil when it has not the parts that are replaced.
    func callAsFunction(_ name: TensorName) -> TensorName? {
        let parts = NameSubstitution.parts(name)
        guard parts.count >= lead + from.count + (hasTail ? 1 : 0), parts[lead..<lead + from.count].elementsEqual(from)
        else { return nil }
        let all = parts[..<lead] + to + parts[(lead + from.count)...]
        return TensorName(utf8: Array(all.joined(separator: [UInt8(ascii: ".")])))
    }

    static func parts(_ name: TensorName) -> [[UInt8]] {
        name.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
    }

    /// The replacement for people.
    var description: String {
        func text(_ parts: [[UInt8]]) -> String {
            TensorName(utf8: Array(parts.joined(separator: [UInt8(ascii: ".")])))?.description ?? ""
        }
        let dot = isPrefix ? "." : ""
        if from.isEmpty { return isPrefix ? "prefix `\(text(to)).` added" : "`\(text(to))` added to the names" }
        if to.isEmpty { return isPrefix ? "prefix `\(text(from)).` dropped" : "`\(text(from))` dropped from the names" }
        return "`\(text(from))\(dot)` is `\(text(to))\(dot)` now"
    }
}
